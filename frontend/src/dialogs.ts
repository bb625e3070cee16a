/** The dialogs of the card: the code of the lock, and a code for a guest. */
import { LitElement, html, nothing, type TemplateResult, unsafeCSS } from "lit";
import styles from "./dialogs.css";
import { zone } from "./format";
import controls from "./controls.css";
import { DOMAIN, text, type Hass } from "./types";
import { errorText } from "./errors";

abstract class Dialog extends LitElement {
  static properties = {
    hass: { attribute: false },
    _error: { state: true },
    _busy: { state: true },
  };
  static styles = [unsafeCSS(controls), unsafeCSS(styles)];

  hass!: Hass;
  protected _error = "";
  protected _busy = false;

  protected abstract _heading(): string;
  protected abstract _content(): TemplateResult;

  protected _t(key: string, values?: Record<string, unknown>): string {
    return text(this.hass, key, values);
  }

  render() {
    return html`<dialog aria-labelledby="title" @close=${this._closed}>
      <h2 id="title">${this._heading()}</h2>
      ${this._content()}
    </dialog>`;
  }

  /** Opens as soon as it is on the page, above everything else. */
  firstUpdated(): void {
    this._dialog.showModal();
  }

  protected get _dialog(): HTMLDialogElement {
    return this.renderRoot.querySelector("dialog") as HTMLDialogElement;
  }

  protected _close = (): void => this._dialog.close();

  private _closed(): void {
    this.dispatchEvent(new CustomEvent("done"));
  }

  protected _field(key: string, input: TemplateResult) {
    return html`<label>${this._t(key)}${input}</label>`;
  }

  protected _problem() {
    return this._error ? html`<p class="error tinted" role="alert">${this._error}</p>` : nothing;
  }
}

export class CodeDialog extends Dialog {
  protected _heading(): string {
    return this._t("enter_code");
  }

  protected _content() {
    return html`<form method="dialog" autocomplete="off" @submit=${this._submit}>
      ${this._field(
        "code",
        html`<input name="code" type="password" inputmode="numeric" required autofocus />`,
      )}
      <div class="buttons">
        <button type="button" @click=${this._close}>${this._t("cancel")}</button>
        <button class="filled">${this._t("open")}</button>
      </div>
    </form>`;
  }

  private _submit(event: SubmitEvent): void {
    const code = new FormData(event.target as HTMLFormElement).get("code");
    this.dispatchEvent(new CustomEvent("code", { detail: code }));
  }
}

/** Returns a time as the field for it wants it, in the browser's zone or in Home Assistant's. */
const fieldValue = (hass: Hass, at: Date): string =>
  new Intl.DateTimeFormat("sv-SE", {
    timeZone: zone(hass),
    dateStyle: "short",
    timeStyle: "short",
  })
    .format(at)
    .replace(" ", "T");

/** Returns what someone has entered for the action, which takes times without a zone as its own. */
const fromField = (hass: Hass, value: string): string =>
  zone(hass) ? value : new Date(value).toISOString();

export class GuestDialog extends Dialog {
  static properties = {
    ...Dialog.properties,
    entity: {},
    _made: { state: true },
    _copied: { state: true },
  };

  entity = "";
  private _made?: { code: string; name: string; status: string };
  private _copied = false;

  protected _heading(): string {
    return this._made ? this._t("code_for", { name: this._made.name }) : this._t("add_title");
  }

  protected _content() {
    return this._made ? this._result(this._made) : this._form();
  }

  private _form() {
    const { hass } = this;
    const now = new Date();
    const time = (name: string, value: string) =>
      html`<input name=${name} type="datetime-local" required .defaultValue=${value} />`;
    const end = `${fieldValue(hass, new Date(now.getTime() + 86_400_000)).slice(0, 10)}T11:00`;
    return html`<form autocomplete="off" @submit=${this._submit}>
      ${this._field("guest_name", html`<input name="name" required maxlength="64" autofocus />`)}
      ${this._field("from", time("start", fieldValue(hass, now)))}
      ${this._field("until", time("end", end))}
      ${this._field(
        "own_digits",
        html`<input name="code" inputmode="numeric" pattern="[0-9]{4,10}" />`,
      )}
      <label class="check">
        <input name="once" type="checkbox" />
        ${this._t("once")}
      </label>
      ${this._problem()}
      <div class="buttons">
        <button type="button" @click=${this._close}>${this._t("cancel")}</button>
        <button class="filled" ?disabled=${this._busy}>${this._t("create")}</button>
      </div>
    </form>`;
  }

  private _result(made: { code: string; status: string }) {
    return html`<p>${this._t("shown_once")}</p>
      <div class="code tinted" dir="ltr" role="text" aria-label=${[...made.code].join(" ")}>${made.code}</div>
      <p>${made.status}</p>
      <div class="buttons">
        <button @click=${this._copy} aria-live="polite">
          ${this._t(this._copied ? "copied" : "copy")}
        </button>
        <button class="filled" @click=${this._close}>${this._t("done")}</button>
      </div>`;
  }

  private async _submit(event: SubmitEvent): Promise<void> {
    event.preventDefault();
    const { hass, entity } = this;
    const entered = Object.fromEntries(new FormData(event.target as HTMLFormElement)) as Record<
      string,
      string
    >;
    this._busy = true;
    this._error = "";
    try {
      const answer = await hass.callService(
        DOMAIN,
        "add_temporary_password",
        {
          name: entered.name,
          start: fromField(hass, entered.start ?? ""),
          end: fromField(hass, entered.end ?? ""),
          once: "once" in entered,
          ...(entered.code ? { code: entered.code } : {}),
        },
        { entity_id: entity },
        false,
        true,
      );
      const { code, name, phase } = answer.response?.[entity] ?? {};
      this._made = {
        code: String(code),
        name: String(name),
        status: this._t(phase === "active" ? "code_works" : "code_waits"),
      };
    } catch (error) {
      this._error = await errorText(hass, error);
    }
    this._busy = false;
  }

  private async _copy(): Promise<void> {
    const shown = this.renderRoot.querySelector(".code") as HTMLElement;
    try {
      await navigator.clipboard.writeText(this._made?.code ?? "");
    } catch {
      // Pages without encryption have no clipboard.
      getSelection()?.selectAllChildren(shown);
      document.execCommand("copy");
    }
    this._copied = true;
  }
}

customElements.define("tuya-lock-code", CodeDialog);
customElements.define("tuya-lock-guest", GuestDialog);
