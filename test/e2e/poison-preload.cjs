// A record of which the connector cannot make an event: JSON.stringify meets its detail while the event is made.
const { stringify } = JSON;

JSON.stringify = function (value, ...rest) {
  const name = value?.stream === 'audit' ? value.target?.name : undefined;
  if (name === 'poison') process.kill(process.pid, 'SIGKILL');
  if (name === 'throws') throw new RangeError('staged: this record cannot be processed');
  return stringify(value, ...rest);
};
