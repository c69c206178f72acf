import { isMarkInLua } from './mark-text.js';

/** The ids of the transactions that a mark names, as a list, without the one of this script; and whether that was among them. */
const others = `
${isMarkInLua}
local function others(key, own)
  local list, found = {}, false
  if is_mark(key) then
    for token in string.gmatch(string.sub(redis.call('GET', key), 2), '%d+') do
      if token == own then found = true else list[#list + 1] = token end
    end
  end
  return list, found
end`;

/** Whether the gate is valid for an epoch on the process of Redis that is meant, and this is that process. */
const gateIsValid = `
local function gate_is_valid(key, epoch, run_id)
  if string.match(redis.call('INFO', 'server'), 'run_id:(%x+)') ~= run_id then return false end
  local gate, wanted = redis.call('GET', key), epoch .. '|' .. run_id .. '|'
  return gate and string.sub(gate, 1, #wanted) == wanted
end`;

/**
 * Marks stamps with a transaction that is about to commit, where the gate is valid.
 *
 * KEYS: the gate, the index of transactions, what this one marked, stamps. ARGV: epoch, run_id, the transaction's id.
 * Answers 1; 0 where the gate is not valid, and nothing was marked. A mark has no expiry: a writer that is held up must
 * not find its mark gone when it goes on.
 */
export const markScript = `${others}${gateIsValid}
if not gate_is_valid(KEYS[1], ARGV[1], ARGV[2]) then return 0 end
redis.call('ZADD', KEYS[2], redis.call('TIME')[1], ARGV[3])
for place = 4, #KEYS do
  local list = others(KEYS[place], ARGV[3])
  list[#list + 1] = ARGV[3]
  redis.call('SADD', KEYS[3], KEYS[place])
  redis.call('SET', KEYS[place], '~' .. table.concat(list, ','))
end
return 1
`;

/**
 * Drops stamps and takes the mark of a transaction from them; those that other transactions marked stay marked.
 *
 * KEYS and ARGV as those of markScript. Answers 1 where the gate is valid, else 0. Done twice it does no harm.
 */
export const unmarkScript = `${others}${gateIsValid}
for place = 4, #KEYS do
  local list = others(KEYS[place], ARGV[3])
  if #list == 0 then redis.call('UNLINK', KEYS[place])
  else redis.call('SET', KEYS[place], '~' .. table.concat(list, ',')) end
  redis.call('SREM', KEYS[3], KEYS[place])
end
if redis.call('EXISTS', KEYS[3]) == 0 then redis.call('ZREM', KEYS[2], ARGV[3]) end
return gate_is_valid(KEYS[1], ARGV[1], ARGV[2]) and 1 or 0
`;

/** Drops keys, but no marks: what is marked nobody can read, and it is dropped when the transactions have ended. */
export const dropUnmarkedScript = `
${isMarkInLua}
for _, key in ipairs(KEYS) do
  if not is_mark(key) then redis.call('UNLINK', key) end
end
return 1
`;
