/** The characters that a new server has. Their ids are the same on every server. */

const FIRST: readonly string[] = [
  "dba84ff1-0e17-575e-bc90-58c85071895f",
  "ffa50724-17df-59d5-a9a5-b81004712e3e",
  "83d57934-0be7-52c8-8546-4c176097693d",
];

/** True if one of them was removed. */
export function isFirstMissing(characters: readonly { readonly id: string }[]): boolean {
  return FIRST.some((id) => characters.every((character) => character.id !== id));
}
