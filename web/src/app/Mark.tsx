/** The product's mark: spans in a cell. */
export function Mark({ size = 22 }: { readonly size?: number }) {
  return (
    <svg viewBox="0 0 32 32" width={size} height={size} aria-hidden="true">
      <path fill="#3f5cdf" d="M16 1.5 28.6 8.8v14.4L16 30.5 3.4 23.2V8.8z" />
      <path
        fill="none"
        stroke="#fff"
        strokeWidth="2.6"
        strokeLinecap="round"
        d="M9.5 11h13M12.5 16h10M15.5 21h5"
      />
    </svg>
  );
}
