/** The card that is the door. */
import { LitElement, html, nothing, unsafeCSS, type PropertyValues } from "lit";
import styles from "./card.css";
import controls from "./controls.css";
import { DoorController } from "./door";
import { errorText } from "./errors";
import { ago, clock, moment, percent } from "./format";
import {
  DOMAIN,
  icon,
  isOurs,
  optionText,
  ourLocks,
  text,
  type CardConfig,
  type Door,
  type EntityState,
  type Finding,
  type GuestCode,
  type Hass,
  type Localize,
  type Opening,
  type Until,
} from "./types";

const OPENINGS = 4;
const MOST_ALARMS = 5;
const LOW_BATTERY = 20;
const DAY = 86_400;
/** Milliseconds after which "12 min ago" is put right. */
const FRESH = 20_000;
/** Milliseconds after which a subscription that has failed is tried again. */
const RETRY = 3000;
/** Seconds in which a tap on what has just appeared is taken for an accident. */
const SETTLES = 0.7;
/** Seconds by which the end of a request may move while it is the same one. */
const JITTER = 3;
/** Seconds before the end at which that is said once more. */
const ENDS_SOON = 10;

const LEVELS: Record<string, number> = { high: 100, medium: 50, low: 20 };

/** Icons of methods that are not called as their icon. */
const METHODS: Record<string, string> = {
  app: "cellphone",
  card: "card-account-details-outline",
  combined: "key-plus",
  dynamic_password: "form-textbox-password",
  emergency: "alarm-light-outline",
  face: "face-recognition",
  finger_vein: "hand-front-right-outline",
  inside: "home-export-outline",
  offline_password: "form-textbox-password",
  other: "door",
  palm: "hand-front-right",
  password: "dialpad",
  remote: "home-assistant",
  temporary_password: "account-clock-outline",
  voice: "microphone-outline",
};

const STATES: Record<string, string> = {
  locked: "lock",
  unlocked: "lock-open-variant",
  open: "lock-open-variant",
  unlocking: "lock-clock",
  locking: "lock-clock",
  jammed: "lock-alert",
};

export class LockCard extends LitElement {
  static properties = {
    hass: { attribute: false },
    _config: { state: true },
    _busy: { state: true },
    _problem: { state: true },
    _said: { state: true },
    _dialog: { state: true },
  };
  static styles = [unsafeCSS(controls), unsafeCSS(styles)];

  hass!: Hass;
  private _config!: CardConfig;
  /** What is under way: open, refuse or call_off. */
  private _busy = "";
  private _problem = "";
  private _calledOff = false;
  /** What the live region says. */
  private _said = "";
  private _dialog: "" | "code" | "guest" = "";

  private _source = new DoorController(this);
  private _tick = 0;
  /** The end of what counts down, and since when it is shown. */
  private _counted = { until: 0, since: 0 };
  private _lastRecord?: number;

  // What Home Assistant asks of a card

  setConfig(config: CardConfig): void {
    this._config = config;
  }

  getCardSize(): number {
    return 5 + (this._config.openings ?? OPENINGS);
  }

  getGridOptions() {
    return { columns: 12, min_columns: 6, rows: "auto" };
  }

  static getStubConfig(hass: Hass): Partial<CardConfig> {
    const [entity] = ourLocks(hass);
    return entity ? { entity } : {};
  }

  static getConfigForm() {
    return {
      schema: [
        {
          name: "entity",
          required: true,
          selector: { entity: { filter: { integration: DOMAIN, domain: "lock" } } },
        },
        { name: "name", selector: { text: {} } },
        {
          name: "openings",
          default: OPENINGS,
          selector: { number: { min: 0, max: 20, mode: "slider" } },
        },
        { name: "guests", default: true, selector: { boolean: {} } },
      ],
      computeLabel: ({ name }: { name: string }, localize: Localize) =>
        localize(`component.${DOMAIN}.selector.card.options.form_${name}`) || name,
    };
  }

  // Its life

  connectedCallback(): void {
    super.connectedCallback();
    this.requestUpdate();
  }

  disconnectedCallback(): void {
    super.disconnectedCallback();
    clearTimeout(this._tick);
  }

  protected willUpdate(changed: PropertyValues): void {
    const { hass } = this;
    if (!hass) return;
    const before = changed.get("hass") as Hass | undefined;
    if (changed.has("hass") && before?.language !== hass.language) {
      loadTexts(hass, () => this.requestUpdate());
    }
    this._source.follow(hass, this._config.entity);
    const { door } = this._source;
    if (door) this._announce(door);
  }

  /** Renders again when a figure changes by time alone: each second only while one counts down. */
  protected updated(): void {
    clearTimeout(this._tick);
    const { door, error, now } = this._source;
    if (!this.isConnected || !(door || error)) return;
    const counts = door && this._until(door);
    const wait = counts ? ((counts.until - now) % 1) * 1000 + 20 : error ? RETRY : FRESH;
    this._tick = window.setTimeout(() => this.requestUpdate(), wait);
  }

  /** What counts down: the request at the door, or an unlock that waits. */
  private _until(door: Door): Until | null {
    const counts = door.request ?? door.waiting;
    return counts && counts.until > this._source.now ? counts : null;
  }

  private _left(counts: Until): number {
    return Math.max(0, Math.ceil(counts.until - this._source.now));
  }

  /** Says politely what has begun and that it ends soon, and not every second. */
  private _announce(door: Door): void {
    const counts = this._until(door);
    const left = counts ? this._left(counts) : 0;
    if (!counts) {
      this._counted = { until: 0, since: 0 };
    } else if (Math.abs(counts.until - this._counted.until) > JITTER) {
      this._counted = { until: counts.until, since: this._source.now };
      const what = this._t(door.request ? "request" : `waiting_${door.waiting?.for}`);
      this._said = `${what} ${this._t("seconds_left", { seconds: left })}`;
    } else if (left === ENDS_SOON) {
      this._said = this._t("seconds_left", { seconds: left });
    }
    const [last] = door.openings;
    if (last && this._lastRecord !== undefined && last.record > this._lastRecord && !last.late) {
      this._said = this._t("opened_by", { name: this._who(last) });
    }
    this._lastRecord = last?.record ?? 0;
  }

  private _t(key: string, values?: Record<string, unknown>): string {
    return text(this.hass, key, values);
  }

  // What it does

  private async _act(name: string, domain: string, service: string, entity: string, data = {}) {
    this._busy = name;
    this._problem = "";
    this._calledOff = name === "call_off";
    try {
      await this.hass.callService(domain, service, data, { entity_id: entity }, false);
    } catch (error) {
      // Whoever calls an unlock off knows why it has not opened.
      if (name !== "open" || !this._calledOff) this._problem = await errorText(this.hass, error);
    }
    // A refusal ends the call that opens, and the other way round.
    if (this._busy === name) this._busy = "";
  }

  /** Opens the door, once its code was typed where it has one. */
  private _open = (): void => {
    if (this._source.door?.needs_code) this._dialog = "code";
    else this._unlock({});
  };

  private _unlock(data: { code?: string }): void {
    window.dispatchEvent(new CustomEvent("haptic", { detail: "medium" }));
    void this._act("open", "lock", "unlock", this._config.entity!, data);
  }

  /** Does something unless its button has only just moved below the finger. */
  private _settled(work: () => void): () => void {
    return () => {
      if (this._source.now - this._counted.since > SETTLES) work();
    };
  }

  private _moreInfo(): void {
    const detail = { entityId: this._config.entity };
    this.dispatchEvent(
      new CustomEvent("hass-more-info", { bubbles: true, composed: true, detail }),
    );
  }

  // What it shows

  render() {
    const { hass, _config: config, _source: source } = this;
    if (!hass) return nothing;
    if (!config.entity) return this._lesson("choose", "lock-plus-outline");
    const entity = hass.states[config.entity];
    if (!entity) return this._lesson("removed", "lock-off-outline");
    if (!isOurs(hass, config.entity)) return this._lesson("not_ours", "lock-question");
    const { door } = source;
    return html`<ha-card>
        ${this._header(entity, door)}
        ${door ? this._body(door) : nothing}
      </ha-card>
      <div class="sr" role="status" aria-live="polite">${this._said}</div>
      ${this._dialogs()}`;
  }

  private _lesson(key: string, name: string) {
    return html`<ha-card><div class="lesson">${icon(name)}<p>${this._t(key)}</p></div></ha-card>`;
  }

  private _header(entity: EntityState, door: Door | undefined) {
    const { state, attributes } = entity;
    const name = this._config.name || door?.name || attributes.friendly_name || "";
    return html`<header>
      <button
        class="state ${state}"
        style="--tint: var(--state-lock-${state}-color, var(--dim))"
        aria-label=${this._t("details", { name })}
        @click=${this._moreInfo}
      >
        ${icon(STATES[state] ?? "lock-question")}
      </button>
      <div class="grow">
        <h2>${name}</h2>
        <p>
          <strong>${this.hass.formatEntityState(entity)}</strong>${door
            ? this._about(door).map(
                (one) => html`<span class="dot" aria-hidden="true">·</span><wbr />${one}`,
              )
            : nothing}
        </p>
      </div>
      ${door ? this._battery(door) : nothing}
    </header>`;
  }

  /** What stands beside the state: the door, and how fresh all of this is. */
  private _about(door: Door): string[] {
    const { door_open: open, last_heard: heard } = door;
    const shown = [];
    if (open !== null) shown.push(open ? "door_open" : "door_closed");
    if (door.double_locked) shown.push("double_locked");
    const when = heard === null ? "" : ago(this.hass, heard, this._source.now);
    if (heard === null) shown.push("never_heard");
    else if (!door.asleep) shown.push("awake");
    else shown.push(when ? "asleep" : "asleep_now");
    return shown.map((key) => this._t(key, { when }));
  }

  private _battery({ battery, battery_level: level }: Door) {
    if (battery === null && level === null) return nothing;
    const charge = battery ?? LEVELS[level ?? ""] ?? 0;
    const tens = Math.round(charge / 10) * 10;
    const symbol = tens === 100 ? "battery" : tens ? `battery-${tens}` : "battery-outline";
    return html`<div class="battery ${charge <= LOW_BATTERY ? "low" : ""}">
      ${icon(symbol)}
      <span class="sr">${this._t("battery")}</span>
      ${battery === null ? this._t(`battery_${level}`) : percent(this.hass, battery)}
    </div>`;
  }

  private _body(door: Door) {
    const counts = this._until(door);
    const shown = this._config.openings ?? OPENINGS;
    const can = door.may_control && door.opens_remotely !== false && door.state !== "unavailable";
    return html`
      ${counts ? this._call(door, counts) : nothing}
      ${this._problem ? this._error() : nothing}
      ${can && !counts ? this._holder() : nothing}
      ${door.findings
        .filter((one) => !door.guests || one.text !== "passwords_waiting")
        .map((one) => this._finding(one))}
      ${shown ? this._openings(door, shown) : nothing}
      ${this._guests(door)}
      ${this._alarms(door)}
    `;
  }

  /** Someone asks at the door, or an unlock waits for someone there. */
  private _call(door: Door, counts: Until) {
    const { request, waiting } = door;
    const what = request ? "request" : `waiting_${waiting?.for}`;
    const hint = this._busy === "open" && request ? "opening" : `${what}_hint`;
    return html`<section
      class="call tinted"
      aria-labelledby="call"
      style="--tint: var(--${request ? "warning" : "primary"}-color)"
    >
      <div class="row">
        ${icon(request ? "bell-ring" : "gesture-tap-button", request ? "bell" : "")}
        <div class="grow">
          <h3 id="call">${this._t(what)}</h3>
          <p>${this._t(hint)}</p>
        </div>
        ${this._countdown(counts)}
      </div>
      ${door.may_control
        ? html`<div class="actions">${request ? this._answers(request) : this._callOff(waiting)}</div>`
        : nothing}
    </section>`;
  }

  private _answers({ refuse }: NonNullable<Door["request"]>) {
    const refuses = () => this._act("refuse", "button", "press", refuse!);
    return html`
      <button class="filled" ?disabled=${this._busy} @click=${this._settled(this._open)}>
        ${icon("lock-open-variant")}${this._t("open")}
      </button>
      ${refuse
        ? html`<button ?disabled=${this._busy === "refuse"} @click=${this._settled(refuses)}>
            ${this._t("refuse")}
          </button>`
        : nothing}
    `;
  }

  private _callOff(waiting: Door["waiting"]) {
    const [domain, service, entity] = waiting?.call_off
      ? ["button", "press", waiting.call_off]
      : ["lock", "lock", this._config.entity!];
    const work = () => this._act("call_off", domain!, service!, entity!);
    return html`<button ?disabled=${this._busy === "call_off"} @click=${this._settled(work)}>
      ${this._t("call_off")}
    </button>`;
  }

  private _countdown(counts: Until) {
    const left = this._left(counts);
    const whole = Math.max(left, Math.ceil(counts.until - this._counted.since));
    return html`<div
      class="countdown"
      role="timer"
      aria-live="off"
      dir="ltr"
      style="--left: ${left / whole}turn"
    >
      ${clock(left)}
    </div>`;
  }

  private _error() {
    return html`<div class="note tinted problem" role="alert">
      ${icon("alert-circle-outline")}
      <p class="grow">${this._problem}</p>
      <button
        class="bare"
        aria-label=${this._t("dismiss")}
        @click=${() => (this._problem = "")}
      >
        ${icon("close")}
      </button>
    </div>`;
  }

  private _holder() {
    const opening = this._busy === "open";
    return html`<tuya-lock-hold
      .label=${this._t(opening ? "opening" : "hold")}
      .hint=${this._t("holding")}
      .again=${this._t("press_again")}
      .icon=${opening ? "lock-clock" : "lock-open-variant-outline"}
      .busy=${opening}
      @held=${this._open}
    ></tuya-lock-hold>`;
  }

  /** What needs the owner: what was seen, and folded away, what to do. */
  private _finding({ state, text: key, values }: Finding) {
    const todo = optionText(this.hass, "finding_todo", key, values);
    return html`<details class="note tinted ${state}" ?open=${state === "problem"}>
      <summary>
        ${icon(state === "problem" ? "alert" : "information-outline")}
        <strong class="grow">${optionText(this.hass, "finding_seen", key, values)}</strong>
        ${icon("chevron-down", "fold")}
      </summary>
      <p>${todo}</p>
    </details>`;
  }

  private _section(key: string, content: unknown, action: unknown = nothing) {
    return html`<section aria-labelledby=${key}>
      <div class="heading">
        <h3 class="grow" id=${key}>${this._t(key)}</h3>
        ${action}
      </div>
      ${content}
    </section>`;
  }

  private _hint(key: string) {
    return html`<p class="hint">${this._t(key)}</p>`;
  }

  private _row(face: unknown, name: string, details: string[], when: unknown, record?: number) {
    return html`<li data-record=${record ?? nothing}>
      ${face}
      <div class="grow">
        <div>${name}</div>
        ${details.map((one) => html`<div class="detail">${one}</div>`)}
      </div>
      <div class="when">${when}</div>
    </li>`;
  }

  private _when(time: number | null): string {
    return time === null ? this._t("no_time") : moment(this.hass, time, this._source.now);
  }

  // The last openings

  private _openings(door: Door, most: number) {
    const shown = door.openings.slice(0, most);
    const strange = shown.some((one) => one.number !== null && !one.guest);
    return this._section(
      "openings",
      shown.length
        ? html`<ul>
              ${shown.map((one) => this._opening(one))}
            </ul>
            ${!door.has_members && strange ? this._hint("no_members") : nothing}`
        : this._hint("no_openings"),
    );
  }

  private _opening(one: Opening) {
    const who = this._who(one);
    const how = this._how(one);
    const late = html`<div class="late">${icon("clock-alert-outline")}${this._t("late")}</div>`;
    return this._row(
      this._face(one),
      who,
      how === who ? [] : [how],
      html`${this._when(one.time)}${one.late ? late : nothing}`,
      one.record,
    );
  }

  private _who(one: Opening): string {
    const name = one.member ?? one.guest ?? one.opener;
    return name ?? (one.by_us ? "Home Assistant" : this._how(one));
  }

  private _how(one: Opening): string {
    const method = optionText(this.hass, "methods", one.method) || one.method;
    return one.number === null || one.guest ? method : `${method} ${one.number}`;
  }

  private _face({ person, member, method }: Opening) {
    const picture = this.hass.states[person ?? ""]?.attributes.entity_picture;
    const symbol = METHODS[method] ?? method;
    if (picture) {
      return html`<div class="face"><img src=${picture} alt="" />${icon(symbol, "badge")}</div>`;
    }
    return member
      ? html`<div class="face tinted">
          <span aria-hidden="true">${[...member][0]}</span>${icon(symbol, "badge")}
        </div>`
      : html`<div class="face tinted">${icon(symbol)}</div>`;
  }

  // Guests

  private _guests(door: Door) {
    if (!door.guests || this._config.guests === false) return nothing;
    const { codes, room } = door.guests;
    return this._section(
      "guests",
      codes.length
        ? html`<ul>
              ${codes.map((one) => this._guest(one))}
            </ul>
            ${room > 0 ? nothing : this._hint("no_room")}`
        : this._hint("no_guests"),
      html`<button class="small" ?disabled=${room <= 0} @click=${() => (this._dialog = "guest")}>
        ${icon("plus")}${this._t("add")}
      </button>`,
    );
  }

  private _guest({ name, start, end, once, weekly, phase }: GuestCode) {
    const { now } = this._source;
    const inside = start <= now && now < end;
    // A weekly code works on its days, which its row names.
    const works = inside && phase === "active" && !weekly ? "works" : "";
    const notes = [];
    if (phase !== "active" && phase !== "unknown") notes.push(`guest_${phase}`);
    if (once) notes.push("guest_once");
    const until = this._t("until_time", { time: this._when(end) });
    const when = inside || end <= now ? until : `${this._when(start)} – ${this._when(end)}`;
    return this._row(
      html`<div class="face tinted plain ${works}">
        ${icon(works ? "account-check" : "account-clock-outline")}
      </div>`,
      name,
      [...(weekly ? [weekly] : []), when, ...notes.map((key) => this._t(key))],
      inside && weekly
        ? nothing
        : html`<span class="chip tinted ${works}">${this._t(inside ? "now" : "next")}</span>`,
    );
  }

  // Alarms

  private _alarms(door: Door) {
    const since = this._source.now - DAY;
    const alarms = door.alarms.filter(({ time }) => time === null || time > since);
    if (!alarms.length) return nothing;
    const face = html`<div class="face tinted plain problem">${icon("alarm-light-outline")}</div>`;
    return this._section(
      "alarms",
      html`<ul>
        ${alarms
          .slice(0, MOST_ALARMS)
          .map(({ time, type }) =>
            this._row(face, optionText(this.hass, "alarms", type) || type, [], this._when(time)),
          )}
      </ul>`,
    );
  }

  // Dialogs

  private _dialogs() {
    const done = (): void => {
      this._dialog = "";
    };
    if (this._dialog === "code") {
      return html`<tuya-lock-code
        .hass=${this.hass}
        @code=${(event: CustomEvent<string>) => this._unlock({ code: event.detail })}
        @done=${done}
      ></tuya-lock-code>`;
    }
    return this._dialog
      ? html`<tuya-lock-guest
          .hass=${this.hass}
          .entity=${this._config.entity}
          @done=${done}
        ></tuya-lock-guest>`
      : nothing;
  }
}

const loading = new Map<string, Promise<unknown>>();

/** Loads our texts in the viewer's language, once for all cards. */
export const loadTexts = (hass: Hass, then: () => void): void => {
  const { language } = hass;
  let loaded = loading.get(language);
  if (!loaded) {
    loaded = hass.loadBackendTranslation("selector", DOMAIN);
    loading.set(language, loaded);
  }
  loaded.then(then).catch(() => loading.delete(language));
};

customElements.define("tuya-wifi-lock-card", LockCard);
