import type { Mutant } from '../mutants.js';

/** A rule that the library can do without, for tests. */
function rule(name: NonNullable<Mutant['rule']>, weather: string, instead: string): Mutant {
  return { name, rule: name, weather, instead };
}

/** Mutants that change the rules of the levels above `plain`. */
export const guaranteedMutants: readonly Mutant[] = [
  rule('gateAtHit', 'restarts', 'a hit needs no valid gate'),
  rule('runId', 'restarts', 'a gate counts whichever process of Redis it was made for'),
  rule('epochInEntry', 'restarts', 'a hit does not compare epochs'),
  rule('newEpoch', 'restarts', 'who takes the gate over keeps the epoch'),
  rule('waitAtTakeOver', 'failover', 'who takes the gate over grants it at once'),
  rule('gateAtWrite', 'failover', 'a write is acknowledged whatever the gate is'),
  rule('oneStatement', 'divided', "the relay reads the gate's row and the outbox in two statements"),
  rule('outbox', 'restarts', 'nothing is dropped for what waits in the outbox'),
  rule(
    'deadlineBeforeCheck',
    'delays',
    'the gate lives from when it is renewed, not from before the database was asked',
  ),
  rule('dropBeforeRenewal', 'delays', 'the gate is renewed before what waits in the outbox was dropped'),
  rule('beat', 'clocks', 'a gate counts however long its beat has stood still'),
  rule('marks', 'strict', 'a strict write marks no stamps before COMMIT'),
  rule('marksHide', 'strict', 'a marked stamp reads as it is'),
  rule(
    'gateAtCommit',
    'strict failover',
    'a strict write commits although no gate is valid where it marked its stamps',
  ),
  rule('writersBarGrant', 'strict failover', 'a gate is granted while writers that marked stamps elsewhere are open'),
  rule('witness', 'strict', 'the gate is renewed although everything in Redis was lost, marks too'),
  rule('endsWriters', 'strict', 'nobody takes the marks of dead writers away'),
  {
    name: 'suspendsAnyGrant',
    instead: 'a writer that waited while the gate was taken over suspends it under its new grant',
    weather: 'restarts',
    apply: ({ Suspension }) => {
      const { look } = Suspension.prototype;
      Suspension.prototype.look = async function lookAgain(this: InstanceType<typeof Suspension>) {
        const seen = await look.call(this);
        return seen.isClosed ? seen : { ...seen, grant: seen.grant ?? 'any' };
      };
      return () => {
        Suspension.prototype.look = look;
      };
    },
    changeTables: (tables) => {
      tables.suspendsAnyGrant = true;
    },
  },
];
