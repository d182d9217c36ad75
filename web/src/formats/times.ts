/** How points in time are written: unix milliseconds in, this machine's time zone out. */
import { isKnown, MINUS, UNKNOWN } from "~/formats/numbers";
import { text } from "~/text/en";

const words = text.times;

type Moment = number | null | undefined;

const MOST = 8.64e15;
const DAY_FORMAT = new Intl.DateTimeFormat("en-GB", {
  day: "numeric",
  month: "short",
  year: "numeric",
});
const MINUTE = 60;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;
const LONG_AGO = 30 * DAY;

/** `2026-11-01 12:00:00.123` */
export function formatTime(ms: Moment): string {
  const date = dateOf(ms);
  if (!date) return UNKNOWN;
  const day = [date.getFullYear(), two(date.getMonth() + 1), two(date.getDate())].join("-");
  return `${day} ${formatClock(ms)}`;
}

/** `12:00:00.123`: where the day is plain from what stands around it. */
export function formatClock(ms: Moment): string {
  const date = dateOf(ms);
  if (!date) return UNKNOWN;
  const clock = [date.getHours(), date.getMinutes(), date.getSeconds()].map(two).join(":");
  return `${clock}.${String(date.getMilliseconds()).padStart(3, "0")}`;
}

/** `2026-11-01 12:00:00.123 UTC+01:00`: for a hint or a copy, which may be read in another zone. */
export function formatTimeExact(ms: Moment): string {
  const date = dateOf(ms);
  return date ? `${formatTime(ms)} ${zone(-date.getTimezoneOffset())}` : UNKNOWN;
}

/** `1 Nov 2026` */
export function formatDay(ms: Moment): string {
  const date = dateOf(ms);
  return date ? DAY_FORMAT.format(date) : UNKNOWN;
}

/** How long before `now` it was, in one unit; beyond a month the day says more. */
export function formatAgo(ms: Moment, now: number = Date.now()): string {
  if (!dateOf(ms) || !isKnown(ms)) return UNKNOWN;
  const seconds = (now - ms) / 1000;
  const size = Math.abs(seconds);
  if (size < 1) return words.now;
  if (size >= LONG_AGO) return formatDay(ms);
  return seconds > 0 ? words.ago(span(size)) : words.ahead(span(size));
}

function span(seconds: number): string {
  if (seconds < MINUTE) return words.seconds(Math.floor(seconds));
  if (seconds < HOUR) return words.minutes(Math.floor(seconds / MINUTE));
  return seconds < DAY
    ? words.hours(Math.floor(seconds / HOUR))
    : words.days(Math.floor(seconds / DAY));
}

function dateOf(ms: Moment): Date | undefined {
  return isKnown(ms) && Math.abs(ms) <= MOST ? new Date(ms) : undefined;
}

function zone(minutes: number): string {
  if (minutes === 0) return "UTC";
  const size = Math.abs(minutes);
  return `UTC${minutes < 0 ? MINUS : "+"}${two(Math.floor(size / 60))}:${two(size % 60)}`;
}

function two(value: number): string {
  return String(value).padStart(2, "0");
}
