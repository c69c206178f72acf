import { isCalendarDate } from './calendar.js';

const MOMENT =
  /^(\d{4}-\d\d-\d\d)(?:[ T]([01]\d|2[0-3]):([0-5]\d)(?::([0-5]\d)(?:\.(\d+))?)?)? ?(Z|[+-]\d\d(?::?\d\d){0,2})?$/;

/**
 * Milliseconds since 1970 of ISO-like text, as databases and other programs write it: a space for the T, seconds and
 * fraction or not, any offset, UTC where there is none. Finer fractions are cut off. Undefined for other text.
 */
export function parseMoment(text: string): number | undefined {
  const match = MOMENT.exec(text);
  const [, day = '', hour = '00', minute = '00', second = '00', fraction = '', offset = 'Z'] = match ?? [];
  if (!isCalendarDate(day)) return undefined;
  const milliseconds = fraction.slice(0, 3).padEnd(3, '0');
  return Date.parse(`${day}T${hour}:${minute}:${second}.${milliseconds}Z`) - offsetMs(offset);
}

/** NOTE: offsets of the 19th century have seconds, such as +00:19:32; Date.parse knows none. */
function offsetMs(offset: string): number {
  if (offset === 'Z') return 0;
  const [hours = 0, minutes = 0, seconds = 0] = (offset.match(/\d\d/g) ?? []).map(Number);
  const size = ((hours * 60 + minutes) * 60 + seconds) * 1000;
  return offset.startsWith('-') ? -size : size;
}
