/** Copies text to the clipboard. */

/** Resolves to false if the browser refuses. */
export async function copyText(text: string): Promise<boolean> {
  // Browsers offer `clipboard` only to pages that were loaded over https or from localhost.
  if ("clipboard" in navigator) {
    const isCopied = await navigator.clipboard.writeText(text).then(
      () => true,
      () => false,
    );
    if (isCopied) return true;
  }
  return copyOnEvent(text);
}

function copyOnEvent(text: string): boolean {
  let isSet = false;
  const fill = (event: ClipboardEvent) => {
    event.clipboardData?.setData("text/plain", text);
    event.preventDefault();
    isSet = event.clipboardData !== null;
  };
  document.addEventListener("copy", fill, { once: true, capture: true });
  try {
    return document.execCommand("copy") && isSet;
  } finally {
    document.removeEventListener("copy", fill, { capture: true });
  }
}
