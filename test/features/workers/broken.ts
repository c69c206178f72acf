throw new RangeError('broken');
