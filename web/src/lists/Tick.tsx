import { useEffect, useRef } from "react";
import classes from "~/lists/Grid.module.css";

interface TickProps {
  readonly label: string;
  readonly isOn: boolean;
  /** Some of what it stands for is on. */
  readonly isSome?: boolean;
  readonly isTabStop?: boolean;
  readonly onToggle: (isRange: boolean) => void;
}

/** A box to select by. It is the browser's own: hundreds of them are drawn while a list scrolls. */
export function Tick({ label, isOn, isSome = false, isTabStop = false, onToggle }: TickProps) {
  const box = useRef<HTMLInputElement>(null);
  const isRange = useRef(false);
  useEffect(() => {
    if (box.current) box.current.indeterminate = isSome && !isOn;
  }, [isSome, isOn]);
  return (
    <input
      ref={box}
      type="checkbox"
      className={classes["tick"]}
      aria-label={label}
      tabIndex={isTabStop ? 0 : -1}
      checked={isOn}
      // The keys of the list go on to work after a click.
      onMouseDown={(event) => event.preventDefault()}
      onClick={(event) => {
        event.stopPropagation();
        isRange.current = event.shiftKey;
      }}
      onChange={() => onToggle(isRange.current)}
    />
  );
}
