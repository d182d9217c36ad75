import { QueryClient } from "@tanstack/react-query";
import { ApiError } from "~/api/failure";

const TRIES = 3;

/** Only what may pass is tried again: a refusal stays one. */
export const queries = new QueryClient({
  defaultOptions: {
    queries: {
      staleTime: 10_000,
      refetchOnWindowFocus: false,
      retry: (failures, error) => failures < TRIES && error instanceof ApiError && error.isPassing,
    },
  },
});
