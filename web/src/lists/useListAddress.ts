import { useNavigate, useSearch } from "@tanstack/react-router";
import { useCallback } from "react";
import type { ListAddress } from "~/lists/address";

export type Change = (patch: ListAddress, how?: { replace?: boolean }) => void;

/** The address of the list that is shown, and how to change parts of it. */
export function useListAddress(): [ListAddress, Change] {
  const address = useSearch({ strict: false }) as ListAddress;
  const navigate = useNavigate();
  const change = useCallback<Change>(
    (patch, { replace = false } = {}) => {
      void navigate({
        to: ".",
        search: (old: ListAddress) => ({ ...old, row: undefined, ...patch }),
        replace,
      });
    },
    [navigate],
  );
  return [address, change];
}
