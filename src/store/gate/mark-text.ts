/** Whether the text under a stamp's key says that transactions which are about to commit change what it stands for: `~` and their ids. */
export function isMark(text: string | undefined): boolean {
  return text !== undefined && text.startsWith('~') && /^~[\d,]+$/.test(text);
}

/** The same in Lua, of the first two characters of the text under a key. */
export const isMarkInLua = `local function is_mark(key) return string.match(redis.call('GETRANGE', key, 0, 1), '^~%d') end`;
