import Database from 'better-sqlite3';

/** What is wrong with a master's store: damage, and what was still to be told when all had been told. */
export function storeFaults(file: string): readonly string[] {
  const store = new Database(file, { readonly: true });
  try {
    const whole = store.pragma('integrity_check', { simple: true });
    return whole === 'ok' ? [] : [`the store is damaged: ${String(whole)}`];
  } finally {
    store.close();
  }
}

/** Messages to the forge that are still to be sent. */
export function unsent(file: string): readonly string[] {
  const store = new Database(file, { readonly: true });
  try {
    const due = store.prepare(
      'select kind, subject, content, last_error from messages where sent_version < version and gave_up_version < version',
    );
    return due.all().map((row) => JSON.stringify(row));
  } finally {
    store.close();
  }
}
