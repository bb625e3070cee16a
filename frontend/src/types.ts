/** What Home Assistant gives to a card, as far as this one uses it, and what our lock pushes. */

import { html } from "lit";

export const DOMAIN = "tuya_wifi_lock";

export interface EntityState {
  entity_id: string;
  state: string;
  attributes: Record<string, unknown> & { friendly_name?: string; entity_picture?: string };
}

export interface Connection {
  subscribeMessage<T>(
    callback: (message: T) => void,
    message: Record<string, unknown>,
    options?: { resubscribe?: boolean },
  ): Promise<() => Promise<void>>;
  addEventListener(event: "ready" | "disconnected", listener: () => void): void;
  removeEventListener(event: "ready" | "disconnected", listener: () => void): void;
}

export type Localize = (key: string, values?: Record<string, unknown>) => string;

export interface Hass {
  states: Record<string, EntityState | undefined>;
  entities: Record<string, { entity_id: string; platform?: string; device_id?: string } | undefined>;
  devices: Record<string, { area_id?: string | null } | undefined>;
  areas: Record<string, { name: string } | undefined>;
  config: { time_zone: string };
  locale: { language: string; time_format: string; time_zone: string };
  language: string;
  user?: { is_admin: boolean };
  connection: Connection;
  localize: Localize;
  loadBackendTranslation(category: string, integration: string): Promise<Localize>;
  formatEntityState(state: EntityState): string;
  callService(
    domain: string,
    service: string,
    data?: Record<string, unknown>,
    target?: { entity_id: string },
    notifyOnError?: boolean,
    returnResponse?: boolean,
  ): Promise<{ response?: Record<string, Record<string, unknown>> }>;
}

/** Something that happens until a Unix time. */
export interface Until {
  until: number;
}

export interface Opening {
  record: number;
  time: number | null;
  late: boolean;
  method: string;
  number: number | null;
  by_us: boolean;
  member: string | null;
  person: string | null;
  opener: string | null;
  guest: string | null;
}

export interface GuestCode {
  name: string;
  start: number;
  end: number;
  once: boolean;
  weekly: string | null;
  phase: string;
}

export interface Finding {
  state: "problem" | "attention";
  text: string;
  values: Record<string, string>;
}

/** The picture of a door, when its lock is loaded. Times are Unix seconds. */
export interface Door {
  now: number;
  state: string | null;
  name: string;
  asleep: boolean;
  on_network: boolean;
  last_heard: number | null;
  battery: number | null;
  battery_level: string | null;
  door_open: boolean | null;
  double_locked: boolean | null;
  openings: Opening[];
  request: (Until & { refuse: string | null }) | null;
  waiting: (Until & { for: string; call_off: string | null }) | null;
  guests: { codes: GuestCode[]; room: number } | null;
  alarms: { record: number; time: number | null; type: string }[];
  findings: Finding[];
  may_control: boolean;
  needs_code: boolean;
  opens_remotely: boolean | null;
  has_members: boolean;
}

export type Picture = Door | { now: number; state: string | null };

export interface CardConfig {
  type: string;
  entity?: string;
  name?: string;
  openings?: number;
  guests?: boolean;
}

export const isOurs = (hass: Hass, entityId: string): boolean =>
  entityId.startsWith("lock.") && hass.entities[entityId]?.platform === DOMAIN;

export const ourLocks = (hass: Hass): string[] =>
  Object.keys(hass.entities).filter((id) => isOurs(hass, id) && id in hass.states);

/** Returns a text of ours, in the viewer's language. */
export const text = (hass: Hass, key: string, values?: Record<string, unknown>): string =>
  optionText(hass, "card", key, values);

export const optionText = (
  hass: Hass,
  kind: string,
  key: string,
  values?: Record<string, unknown>,
): string => hass.localize(`component.${DOMAIN}.selector.${kind}.options.${key}`, values);

/** Returns an icon that says nothing which is not said beside it. */
export const icon = (name: string, kind = "") =>
  html`<ha-icon class=${kind} icon="mdi:${name}" aria-hidden="true"></ha-icon>`;
