import type { RecordState } from './record-state.js';

let read: (instance: object) => RecordState = () => {
  throw new TypeError('no model is loaded');
};

/** Called once by Model, whose instances keep their state where nobody else can see or copy it. */
export function setStateReader(reader: (instance: object) => RecordState): void {
  read = reader;
}

/** The state of a model instance. */
export function stateOf(instance: object): RecordState {
  return read(instance);
}
