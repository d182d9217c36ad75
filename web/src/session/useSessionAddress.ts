import { getRouteApi } from "@tanstack/react-router";
import { useCallback } from "react";
import type { SessionAddress, View } from "~/session/address";

const route = getRouteApi("/inside/projects/$projectId/sessions/$sessionId");

/** What the address says, and ways to change it. */
export interface AddressBook {
  readonly address: SessionAddress;
  readonly view: View;
  /** Undefined: none. A step `aside` leaves no mark in the history, for moves by keys. */
  readonly select: (event: string | undefined, aside?: boolean) => void;
  readonly show: (view: View, event?: string) => void;
  /** Change what is looked for; undefined takes a part away. */
  readonly look: (change: Looks) => void;
}

type Looks = { readonly [K in "q" | "only" | "zoom"]?: string | undefined };

export function useSessionAddress(): AddressBook {
  const address = route.useSearch();
  const navigate = route.useNavigate();
  const go = useCallback(
    (change: Partial<Record<keyof SessionAddress, string | undefined>>, replace: boolean) => {
      void navigate({
        search: (before) => without({ ...before, ...change }),
        replace,
        resetScroll: false,
      });
    },
    [navigate],
  );
  const select = useCallback(
    (event: string | undefined, aside = false) => go({ event }, aside),
    [go],
  );
  const show = useCallback(
    (view: View, event?: string) => go({ view, ...(event ? { event } : {}) }, false),
    [go],
  );
  const look = useCallback((change: Looks) => go(change, true), [go]);
  return { address, view: address.view ?? "tree", select, show, look };
}

function without(search: Record<string, string | undefined>): SessionAddress {
  return Object.fromEntries(Object.entries(search).filter(([, value]) => value !== undefined));
}
