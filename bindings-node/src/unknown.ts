declare const unknown: unique symbol;

/** A type of event that is newer than this release: a string to everything but the compiler. `String(type)` gives it. */
export interface UnknownEventType {
  readonly [unknown]: true;
  toString(): string;
}

/** An event of a type that is newer than this release. Its fields are those of the delivery. */
export class UnknownEvent {
  /** Its type, a string. The compiler is told otherwise, so that it tells known events apart by theirs. */
  declare readonly type: UnknownEventType;
  readonly [field: string]: unknown;

  /** @internal */
  constructor(fields: object) {
    Object.assign(this, fields);
  }
}
