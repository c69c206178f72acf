import { expect } from 'chai';
import { Model } from '../../../src/index.js';
import { reservedNames } from '../../../src/model/decorators/decorated-property.js';

describe('reserved names', () => {
  it('are exactly the members that every model has', () => {
    expect([...reservedNames].toSorted()).to.deep.equal(Object.getOwnPropertyNames(Model.prototype).toSorted());
  });
});
