/** A button that has to be held, so that no accidental tap opens a door. */
import { LitElement, html, unsafeCSS } from "lit";
import controls from "./controls.css";
import styles from "./hold.css";
import { icon } from "./types";

const HOLD = 900;
const ARMED = 5000;
const HINT = 1500;

export class HoldButton extends LitElement {
  static properties = {
    label: {},
    hint: {},
    again: {},
    icon: {},
    busy: { type: Boolean },
    _stage: { state: true },
  };
  static styles = [unsafeCSS(controls), unsafeCSS(styles)];

  label = "";
  /** What is shown while it is held, and after it was not held for long enough. */
  hint = "";
  /** What is shown after an activation without holding, as assistive technology does it. */
  again = "";
  icon = "";
  busy = false;
  private _stage: "" | "holding" | "short" | "armed" = "";
  private _timer = 0;

  render() {
    const { _stage: stage, _release: release } = this;
    return html`<button
      class=${stage}
      style="--hold: ${HOLD}ms"
      ?disabled=${this.busy}
      @pointerdown=${this._press}
      @pointerup=${release}
      @pointerleave=${release}
      @pointercancel=${release}
      @keydown=${this._keyDown}
      @keyup=${release}
      @blur=${release}
      @click=${this._activate}
      @contextmenu=${(event: Event) => event.preventDefault()}
    >
      <div class="fill"></div>
      ${icon(this.icon)}
      <span>${stage === "armed" ? this.again : stage ? this.hint : this.label}</span>
    </button>`;
  }

  disconnectedCallback(): void {
    super.disconnectedCallback();
    this._show("");
  }

  /** Shows a stage, and after a while does what follows it. */
  private _show(stage: HoldButton["_stage"], wait = 0, then = () => this._show("")): void {
    clearTimeout(this._timer);
    this._stage = stage;
    if (wait) this._timer = window.setTimeout(then, wait);
  }

  private _press = (event: PointerEvent): void => {
    if (event.button === 0) this._hold();
  };

  private _keyDown = (event: KeyboardEvent): void => {
    if (event.key !== "Enter" && event.key !== " ") return;
    event.preventDefault();
    if (!event.repeat) this._hold();
  };

  private _hold(): void {
    this._show("holding", HOLD, () => this._done());
  }

  private _release = (): void => {
    if (this._stage === "holding") this._show("short", HINT);
  };

  /** Takes a click without pointer or key: two of them, as holding is impossible there. */
  private _activate = (event: MouseEvent): void => {
    if (event.detail !== 0) return;
    if (this._stage === "armed") this._done();
    else this._show("armed", ARMED);
  };

  private _done(): void {
    this._show("");
    this.dispatchEvent(new CustomEvent("held"));
  }
}

customElements.define("tuya-lock-hold", HoldButton);
