/** The history of the browser, with addresses as `~/routes/address` has them. */
import {
  createBrowserHistory,
  type HistoryLocation,
  parseHref,
  type RouterHistory,
} from "@tanstack/history";
import { addressOf, pathOf } from "~/routes/address";

if (window.location.search) {
  // Typed: told to the server once, and to nobody to whom the address is sent.
  window.history.replaceState(window.history.state, "", addressOf(pathOf(window.location)));
}

export const history: RouterHistory = createBrowserHistory({
  createHref: addressOf,
  parseLocation: (): HistoryLocation => parseHref(pathOf(window.location), window.history.state),
});
