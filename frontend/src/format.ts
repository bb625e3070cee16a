/** Times in the viewer's language, time format and time zone. */
import type { Hass } from "./types";

const DAY = 86_400;
const HALF_A_YEAR = 182;

const language = (hass: Hass): string | undefined =>
  hass.locale.time_format === "system" ? undefined : hass.locale.language;

export const zone = (hass: Hass): string | undefined =>
  hass.locale.time_zone === "server" ? hass.config.time_zone : undefined;

const CYCLES: Record<string, Intl.DateTimeFormatOptions["hourCycle"]> = { 12: "h12", 24: "h23" };

/** Returns the number of the day on which a Unix time is, for the viewer. */
const dayOf = (hass: Hass, at: number): number => {
  const parts = new Intl.DateTimeFormat("en-CA", { timeZone: zone(hass) }).format(at * 1000);
  return Date.parse(`${parts}T00:00:00Z`) / (DAY * 1000);
};

/** Returns a Unix time as people say it: 14:05, yesterday 14:05, Mon 14:05, 3 May 14:05; a year
 * is named where another one could be meant. */
export const moment = (hass: Hass, at: number, now: number): string => {
  const options: Intl.DateTimeFormatOptions = {
    hour: "numeric",
    hourCycle: CYCLES[hass.locale.time_format],
    minute: "2-digit",
    timeZone: zone(hass),
  };
  const days = dayOf(hass, at) - dayOf(hass, now);
  const date = new Date(at * 1000);
  const time = new Intl.DateTimeFormat(language(hass), options).format(date);
  if (days === 0) return time;
  if (Math.abs(days) === 1) {
    const words = new Intl.RelativeTimeFormat(hass.locale.language, { numeric: "auto" });
    return `${words.format(days, "day")} ${time}`;
  }
  const year = Math.abs(days) > HALF_A_YEAR ? "numeric" : undefined;
  const day: Intl.DateTimeFormatOptions =
    Math.abs(days) < 7 ? { weekday: "short" } : { day: "numeric", month: "short", year };
  return new Intl.DateTimeFormat(hass.locale.language, { ...day, ...options }).format(date);
};

/** Returns how long ago a Unix time is, in round figures; nothing for less than a minute. */
export const ago = (hass: Hass, at: number, now: number): string => {
  const seconds = now - at;
  if (seconds < 60) return "";
  const words = new Intl.RelativeTimeFormat(hass.locale.language, { style: "short" });
  if (seconds < 3600) return words.format(-Math.floor(seconds / 60), "minute");
  if (seconds < DAY) return words.format(-Math.floor(seconds / 3600), "hour");
  return words.format(-Math.floor(seconds / DAY), "day");
};

/** Returns seconds as a clock that counts down: 0:42. */
export const clock = (seconds: number): string =>
  `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, "0")}`;

export const percent = (hass: Hass, value: number): string =>
  new Intl.NumberFormat(hass.locale.language, { style: "percent" }).format(value / 100);
