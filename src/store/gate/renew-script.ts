/**
 * Opens the gate until a stated time, or keeps it open.
 *
 * KEYS: the gate, and a witness where there is one. ARGV: run_id, master_replid, epoch, beat, deadline in ms since 1970
 * by the clock of this Redis, and the text of the witness. Answers 1; 0 where the deadline has passed; -1 where this is
 * not the process that the caller means; -2 where it has lost the witness.
 *
 * Atomic, so that the process that is asked for its name is the one that keeps the gate. The key is removed before it is
 * set: then a Redis that is full, where invalidations work, takes it too. It is not told to replicas: a gate is good
 * for one process alone, and one that came back by way of a replica would outlive what that replica missed.
 */
export const renewScript = `
local facts = redis.call('INFO', 'server') .. redis.call('INFO', 'replication')
if string.match(facts, 'run_id:(%x+)') ~= ARGV[1] then return -1 end
if string.match(facts, 'master_replid:(%x+)') ~= ARGV[2] then return -1 end
if not string.find(facts, 'role:master', 1, true) then return -1 end
if KEYS[2] and redis.call('GET', KEYS[2]) ~= ARGV[6] then return -2 end
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
if tonumber(ARGV[5]) <= now then return 0 end
redis.set_repl(redis.REPL_NONE)
redis.call('UNLINK', KEYS[1])
redis.call('SET', KEYS[1], ARGV[3] .. '|' .. ARGV[1] .. '|' .. ARGV[4] .. '|' .. ARGV[5], 'PXAT', ARGV[5])
return 1
`;
