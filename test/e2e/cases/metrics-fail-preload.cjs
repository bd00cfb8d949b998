// Preloaded into a sandbox: no line of metrics gets out.
const write = process.stdout.write.bind(process.stdout);

process.stdout.write = (chunk, ...rest) => {
  if (String(chunk).includes('"_aws"')) throw new Error('no room for metrics');
  return write(chunk, ...rest);
};
