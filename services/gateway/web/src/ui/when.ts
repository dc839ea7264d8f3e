/** When something happened, in words: the day only if it was not today. */

import { locale, texts } from "../texts";

const DAY_MS = 24 * 60 * 60 * 1_000;

/** @returns `""` if `time` cannot be read */
export function when(time: string, now: Date, tag = locale()): string {
  const date = new Date(time);
  if (Number.isNaN(date.getTime())) return "";
  const days = Math.round((startOfDay(now) - startOfDay(date)) / DAY_MS);
  const clock = new Intl.DateTimeFormat(tag, { timeStyle: "short" }).format(date);
  if (days === 0) return texts.conversations.today(clock);
  if (days === 1) return texts.conversations.yesterday(clock);
  return new Intl.DateTimeFormat(tag, { dateStyle: "medium", timeStyle: "short" }).format(date);
}

function startOfDay(date: Date): number {
  return new Date(date.getFullYear(), date.getMonth(), date.getDate()).getTime();
}
