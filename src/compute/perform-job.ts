import { UsageError } from '../errors.js';
import type { Job } from '../jobs/job.js';
import type { ModelClassLike } from '../schema/declaration.js';
import { allModels } from '../schema/registry.js';
import { schemaOf } from '../schema/schema-of.js';
import { argumentsIn } from './argument-text.js';
import { findMethod, methodNames } from './cached-method.js';
import { declaredLabels, targetLabelled } from './labels.js';
import type { JobTarget } from './later.js';

/**
 * Does a job that another process may have asked for. Throws UsageError where nothing is declared under its label. One
 * about a row that is not there any more is done already.
 */
export async function performJob({ kind, label, args: text, madeAt }: Job): Promise<void> {
  const target = findTarget(label);
  if (!target) {
    throw new UsageError(
      `a worker got a job for '${label}', under which nothing is declared in its process; import the module that ` +
        'declares it before runWorker(), or name it in connect({ workers: […] })',
    );
  }
  const args = await argumentsIn(text);
  if (!args) return;
  await (kind === 'refresh' ? target.renew(args, madeAt) : target.invalidate(args));
}

/** What is declared under a label: a function, a node, or a method of a model. */
export function findTarget(label: string): JobTarget | undefined {
  return targetLabelled(label) ?? methodTarget(label);
}

/** Everything that is declared on a connection, by its labels: functions and nodes, then methods. */
export function targetsOf(connection: string): readonly JobTarget[] {
  const methods = allModels().flatMap((model) => methodNames(model).flatMap((name) => methodLabel(model, name) ?? []));
  const targets = [...new Set([...declaredLabels(), ...methods])].flatMap((label) => findTarget(label) ?? []);
  return targets.filter((target) => target.connection === connection);
}

function methodTarget(label: string): JobTarget | undefined {
  for (const model of allModels()) {
    const name = methodNames(model).find((one) => methodLabel(model, one) === label);
    if (name !== undefined) return findMethod(model, name)?.target;
  }
  return undefined;
}

function methodLabel(model: ModelClassLike, name: string): string | undefined {
  const label = labelOf(model);
  return label === undefined ? undefined : `${label}.${name}`;
}

/** Undefined for a model that is declared wrongly, of which whoever uses it is told: it must not stand in the way of others. */
function labelOf(model: ModelClassLike): string | undefined {
  try {
    return schemaOf(model).label;
  } catch {
    return undefined;
  }
}
