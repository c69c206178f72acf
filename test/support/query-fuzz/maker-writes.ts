import { F } from '../../../src/index.js';
import { Club, License, Maker, Membership } from './fuzz-models.js';
import type { RandomValues } from './random-values.js';
import type { Write } from './shop-writes.js';

/** Writes of makers, who have versions, their licenses and clubs. */
export function makerWrites(draw: RandomValues): readonly Write[] {
  const id = draw.id();
  const born = draw.moment();
  const save = (values: object): Promise<void> =>
    draw.with(Maker.objects, id, (maker) => Object.assign(maker, values).save());
  return [
    [`create maker ${id}`, () => Maker.create({ id, ...draw.maker() })],
    [`save maker ${id}`, () => save(draw.maker())],
    [`save document of maker ${id}`, () => save({ data: draw.document() })],
    [`change document of maker ${id} in place`, () => draw.with(Maker.objects, id, (maker) => resize(maker, draw))],
    [`save maker ${id}, maybe outdated`, () => saveOutdated(draw, id)],
    [`delete maker ${id}`, () => draw.with(Maker.objects, id, (maker) => maker.delete())],
    [`update makers born then`, () => Maker.objects.filter({ born }).update({ made: F('made').plus(1), born: null })],
    [
      `update makers of boss ${id}`,
      () => Maker.objects.filter({ boss: id }).update({ weight: 0.5, data: { size: 1 } }),
    ],
    [`delete makers of boss ${id}`, () => Maker.objects.filter({ boss: id, owned__isnull: true }).delete()],
    [`delete the youngest maker`, () => Maker.objects.orderBy('-born', 'id').limit(1).delete()],
    [`bulkUpdate makers`, () => bulkUpdateMakers(draw)],
    [`create makers, ignoring conflicts`, () => createMakers(draw)],
    [`update or create maker`, () => Maker.objects.updateOrCreate({ name: draw.word() }, { born: draw.moment() })],
  ];
}

/** Writes of what belongs to makers. */
export function clubWrites(draw: RandomValues): readonly Write[] {
  const id = draw.id();
  const [grade] = [draw.license().grade];
  const inClub = Membership.objects.filter({ club: id });
  return [
    [`create license ${id}`, () => License.create({ id: BigInt(id), makerId: draw.id(), ...draw.license() })],
    [`update licenses of grade ${grade}`, () => License.objects.filter({ grade }).update({ day: draw.license().day })],
    [`save license of maker ${id}`, () => draw.with(Maker.objects, id, (maker) => changeLicense(maker, draw))],
    [`delete license of maker ${id}`, () => License.objects.filter({ maker: id }).delete()],
    [`create club ${id}`, () => Club.create({ id, name: draw.word(), ...draw.club() })],
    [`save club ${id}`, () => draw.with(Club.objects, id, (club) => Object.assign(club, draw.club()).save())],
    [
      `rename club ${id}`,
      () => draw.with(Club.objects, id, (club) => Object.assign(club, { name: draw.word() }).save()),
    ],
    [`invite to club ${id}`, () => draw.with(Club.objects, id, (club) => invite(club, draw))],
    [`delete club ${id}`, () => Club.objects.filter({ id }).delete()],
    [`create membership`, () => Membership.create({ clubId: id, memberId: draw.id(), role: draw.role() })],
    [`update memberships of club ${id}`, () => inClub.update({ role: draw.role(), since: draw.moment() })],
    [`delete one membership of club ${id}`, () => inClub.orderBy('since', 'id').limit(1).delete()],
  ];
}

/** Changes a document where it is, which the instance must notice by itself. */
async function resize(maker: Maker, draw: RandomValues): Promise<void> {
  const { data } = maker;
  if (typeof data === 'object' && data !== null) Object.assign(data, { size: draw.small() });
  await maker.save();
}

async function saveOutdated(draw: RandomValues, id: number): Promise<void> {
  await draw.with(Maker.objects, id, async (maker) => {
    await Maker.objects.filter({ id, made__gte: 0n }).update({ weight: draw.small() });
    await Object.assign(maker, { born: draw.moment() }).save();
  });
}

async function bulkUpdateMakers(draw: RandomValues): Promise<void> {
  const makers = await Maker.objects.noCache().filter({ weight__gte: 0 }).all();
  const [first] = makers;
  if (first && draw.random.below(3) === 0) await Maker.objects.filter({ id: first.id }).update({ made: 1n });
  for (const maker of makers) Object.assign(maker, { born: draw.moment(), data: draw.document() });
  await Maker.objects.bulkUpdate(makers, ['born', 'data']);
}

async function createMakers(draw: RandomValues): Promise<void> {
  const keys = [...new Set([draw.id(), draw.id()])];
  await Maker.objects.bulkCreate(
    keys.map((id) => ({ id, ...draw.maker(), bossId: null })),
    { ignoreConflicts: true },
  );
}

async function changeLicense(maker: Maker, draw: RandomValues): Promise<void> {
  const license = await maker.license;
  if (license) await Object.assign(license, draw.license(), { makerId: draw.id() }).save();
}

async function invite(club: Club, draw: RandomValues): Promise<void> {
  const guests = await Maker.objects.noCache().filter({ weight__lte: draw.small() }).all();
  await Object.assign(club, { guests }).save();
}
