/** Saves a file on the user's device. */

export function download(file: Blob, name: string): void {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(file);
  link.download = name;
  link.click();
  URL.revokeObjectURL(link.href);
}

/** A file's name made of a title, without the ending; `otherwise` if the title has no letter and no digit. */
export function fileName(title: string, otherwise: string): string {
  return (
    title
      .replace(/[^\p{L}\p{N}]+/gu, "-")
      .replace(/^-|-$/gu, "")
      .toLowerCase() || otherwise
  );
}
