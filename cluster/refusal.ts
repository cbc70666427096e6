/** Why a command does not do what was asked, with the way out, for a person to read. */
export class Refusal extends Error {
  override readonly name = 'Refusal';
}
