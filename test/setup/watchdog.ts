import { spawn, type ChildProcess } from 'node:child_process';

/**
 * Reads `process <pid>`, `ended <pid>`, `folder <path>` and `removed <path>` from its standard input. When that ends,
 * which it does however the test process ends, everything still listed is killed and deleted. PostgreSQL's backends are
 * not in the postmaster's process group, so children are found by their parent, which is stopped first to stay alone.
 */
const SCRIPT = `
trap '' INT TERM HUP
pids=' '
folders=''
newline='
'
while read -r verb value; do
  case "$verb" in
    process) pids="$pids$value " ;;
    ended) pids="\${pids%% $value *} \${pids#* $value }" ;;
    folder) folders="$folders$value$newline" ;;
  esac
done
for pid in $pids; do
  kill -STOP "$pid" 2>/dev/null || continue
  children=$(ps -eo pid=,ppid= | awk -v parent="$pid" '$2 == parent { print $1 }')
  kill -KILL $pid $children 2>/dev/null
done
printf '%s' "$folders" | while read -r folder; do rm -rf -- "$folder"; done
`;

let watchdog: ChildProcess | undefined;

/** Sees to it that the process is killed when this process ends, however it ends. */
export function guardProcess(pid: number): void {
  tell(`process ${pid}`);
}

/** The process ended: its number may soon belong to somebody else. */
export function releaseProcess(pid: number): void {
  tell(`ended ${pid}`);
}

/** Sees to it that the folder is deleted when this process ends, however it ends. */
export function guardFolder(path: string): void {
  tell(`folder ${path}`);
}

function tell(line: string): void {
  watchdog ??= startWatchdog();
  watchdog.stdin?.write(`${line}\n`);
}

function startWatchdog(): ChildProcess {
  const child = spawn('/bin/sh', ['-c', SCRIPT], { stdio: ['pipe', 'ignore', 'ignore'], detached: true });
  child.unref();
  const input = child.stdin as typeof child.stdin & { unref(): void }; // a pipe is a socket, which the types do not say
  input.unref();
  input.on('error', () => {});
  return child;
}
