/** Follows a door: one subscription, which survives restarts of Home Assistant. */
import type { ReactiveController, ReactiveControllerHost } from "lit";
import { DOMAIN, type Connection, type Door, type Hass, type Picture } from "./types";

const RETRY_AFTER = 1000;

export class DoorController implements ReactiveController {
  /** The last picture, whatever it says; undefined before the first. */
  picture?: Picture;
  /** Why there is none: the code of the error. */
  error?: string;

  private _connection?: Connection;
  private _entityId?: string;
  private _unsubscribe?: Promise<(() => Promise<void>) | undefined>;
  private _triedAt = 0;
  /** By how many seconds the clock of Home Assistant is ahead of the viewer's. */
  private _ahead = 0;

  constructor(private _host: ReactiveControllerHost & { isConnected: boolean }) {
    _host.addController(this);
  }

  /** The door, where its lock is loaded. */
  get door(): Door | undefined {
    return this.picture && "openings" in this.picture ? this.picture : undefined;
  }

  /** The time of Home Assistant, in Unix seconds. */
  get now(): number {
    return Date.now() / 1000 + this._ahead;
  }

  hostConnected(): void {
    if (this._connection) this._open();
  }

  hostDisconnected(): void {
    this._close();
  }

  /** Follows the door of a lock, and tries once more if that has failed and something changed. */
  follow(hass: Hass, entityId: string | undefined): void {
    if (hass.connection !== this._connection || entityId !== this._entityId) {
      this._close();
      this._connection = hass.connection;
      this._entityId = entityId;
      this.picture = undefined;
      if (this._host.isConnected) this._open();
    } else if (this.error && entityId && hass.states[entityId] && this._host.isConnected) {
      if (Date.now() - this._triedAt > RETRY_AFTER) this._reopen();
    }
  }

  private _open(): void {
    this._connection?.addEventListener("ready", this._reopen);
    this._reopen();
  }

  private _close(): void {
    this._connection?.removeEventListener("ready", this._reopen);
    this._drop();
  }

  private _drop(): void {
    const subscribed = this._unsubscribe;
    this._unsubscribe = undefined;
    // After a restart, Home Assistant does not know of it any more.
    subscribed?.then((unsubscribe) => unsubscribe?.()).catch(() => undefined);
  }

  private _reopen = (): void => {
    this._drop();
    const { _connection: connection, _entityId: entityId } = this;
    if (!connection || !entityId) return;
    this._triedAt = Date.now();
    this.error = undefined;
    const subscribed = connection
      .subscribeMessage<Picture>(
        (picture) => {
          if (this._unsubscribe === subscribed) this._take(picture);
        },
        { type: `${DOMAIN}/subscribe`, entity_id: entityId },
        { resubscribe: false },
      )
      .catch((error: { code?: string }) => {
        if (this._unsubscribe === subscribed) {
          this.error = error?.code ?? "unknown";
          this._host.requestUpdate();
        }
        return undefined;
      });
    this._unsubscribe = subscribed;
  };

  private _take(picture: Picture): void {
    this._ahead = picture.now - Date.now() / 1000;
    this.picture = picture;
    this._host.requestUpdate();
  }
}
