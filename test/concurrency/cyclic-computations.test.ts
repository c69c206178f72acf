import { expect } from 'chai';
import { describe, it } from 'mocha';
import { CachedModel, moneyclip, PrimaryKey, Table, UsageError, type Manager } from '../../src/index.js';
import { forEachCombination } from '../setup/combinations.js';
import { connected } from '../support/connected.js';
import { rejection } from '../support/rejection.js';

let bothStarted: Promise<void> = Promise.resolve();
let started: () => void = () => undefined;

@Table('cyclic_nodes', { label: 'cyclic.Node' })
class Node extends CachedModel {
  declare static objects: Manager<Node>;
  @PrimaryKey() declare id: number;

  @moneyclip()
  async left(): Promise<string> {
    started();
    await bothStarted;
    return `left of ${await this.right()}`;
  }

  @moneyclip()
  async right(): Promise<string> {
    started();
    await bothStarted;
    return `right of ${await this.leftThroughAnother()}`;
  }

  @moneyclip()
  async leftThroughAnother(): Promise<string> {
    return this.left();
  }
}

describe('computed values that need each other', () => {
  forEachCombination((combination) => {
    connected(combination, [Node]);

    it('are refused instead of waiting for each other for ever, where both are asked for at once', async () => {
      const node = await Node.create({});
      let missing = 2;
      bothStarted = new Promise((resolve) => {
        started = () => {
          missing -= 1;
          if (missing === 0) resolve();
        };
      });
      const both = [node.left(), node.right()];
      for (const value of both) {
        const { message } = await rejection(value, UsageError);
        expect(message).to.match(
          /^cyclic\.Node\.\w+: the value is computed from itself, for the same arguments; it would never end$/,
        );
      }
    });
  });
});
