import { hash } from 'node:crypto';

/** A short name for a text: 128 bits of SHA-256 as 22 characters. Not a secret; two texts never share one in practice. */
export function hashText(text: string): string {
  return hash('sha256', text, 'base64url').slice(0, 22);
}
