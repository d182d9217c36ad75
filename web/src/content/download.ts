/** Save bytes as a file. The type is one that no browser shows or runs (SECURITY H63). */
export function saveBytes(bytes: BlobPart, name: string): void {
  saveFile(new Blob([bytes], { type: "application/octet-stream" }), name);
}

/** Save what this application itself has written. */
export function saveFile(file: Blob, name: string): void {
  const url = URL.createObjectURL(file);
  const link = document.createElement("a");
  link.href = url;
  link.download = name.replaceAll(/[^\p{L}\p{N}._ -]/gu, "_") || "download";
  link.click();
  // The click has begun the download only when the browser comes to it.
  setTimeout(() => URL.revokeObjectURL(url), 60_000);
}
