import { errorMessage, GridError } from '../model/error.ts';

/** JSON text of a column that only this store writes; its shape is what the column's comment says. */
export function fromJson<T>(text: string): T {
  try {
    return JSON.parse(text) as T;
  } catch (error) {
    throw new GridError({
      code: 'internal',
      message: `the store holds a record that is not JSON: ${errorMessage(error)}`,
      hint: 'Stop the master, move the store file away and start again: nothing that is running is disturbed.',
      cause: error,
    });
  }
}
