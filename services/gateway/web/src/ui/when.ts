/** When something happened, in words: the day only if it was not today. */

const DAY_MS = 24 * 60 * 60 * 1_000;

/** @returns `""` if `time` cannot be read */
export function when(time: string, now: Date, locale?: string): string {
  const date = new Date(time);
  if (Number.isNaN(date.getTime())) return "";
  const days = Math.round((startOfDay(now) - startOfDay(date)) / DAY_MS);
  const clock = new Intl.DateTimeFormat(locale, { timeStyle: "short" }).format(date);
  if (days === 0) return `today, ${clock}`;
  if (days === 1) return `yesterday, ${clock}`;
  return new Intl.DateTimeFormat(locale, { dateStyle: "medium", timeStyle: "short" }).format(date);
}

function startOfDay(date: Date): number {
  return new Date(date.getFullYear(), date.getMonth(), date.getDate()).getTime();
}
