/**
 * Ends a script with its exit code. Node 20 may turn in circles for ever over the handles of children that were killed, if
 * it is left to come to its end by itself.
 */
export function endProcess(main: Promise<number>): void {
  main.then(
    (code) => process.exit(code),
    (error: unknown) => {
      console.error(error);
      process.exit(1);
    },
  );
}
