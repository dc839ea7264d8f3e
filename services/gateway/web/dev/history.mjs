// The messages of a conversation with their versions, as the services keep them: those at the table, and those aside.

export class History {
  /** The messages at the table, in order. */
  table = [];
  /** The others, each with the id of the version that begins its branch. */
  #aside = [];
  /** All ids in the order in which the messages were made. */
  #made = [];

  add(row) {
    this.table.push(row);
    this.#made.push(row.id);
  }

  has(id) {
    return this.table.some((row) => row.id === id);
  }

  /** The id of the message that followed this one; `undefined` if there is none. */
  following(id) {
    return this.table[this.table.findIndex((row) => row.id === id) + 1]?.id;
  }

  /** The ids of the versions of a message, oldest first. */
  versions(id) {
    const rows = [...this.table, ...this.#aside.map(({ row }) => row)];
    const root = rootOf(rows.find((row) => row.id === id));
    const group = new Set(rows.filter((row) => rootOf(row) === root).map((row) => row.id));
    return this.#made.filter((each) => group.has(each));
  }

  /** The table's messages as in `GET /api/conversations/ID`. */
  stored() {
    return this.table.map((row) => ({ ...row, versions: several(this.versions(row.id)) }));
  }

  /** Set a message aside with what followed it, and put this new row in its place. */
  replace(id, row) {
    const removed = this.#setAside(id);
    row.replaces = rootOf(this.#aside.find((each) => each.row.id === id).row);
    this.add(row);
    return { change: "replaced", message_id: row.id, removed, restored: [], versions: [this.versions(row.id)] };
  }

  choose(id) {
    const shown = this.versions(id).find((each) => this.has(each));
    if (!shown || shown === id) return null;
    const removed = this.#setAside(shown);
    const back = this.#aside.filter(({ branch }) => branch === id).map(({ row }) => row);
    this.#aside = this.#aside.filter(({ branch }) => branch !== id);
    this.table.push(...back);
    const restored = this.stored().slice(-back.length);
    return { change: "chosen", message_id: id, removed, restored, versions: [this.versions(id)] };
  }

  remove(id) {
    const group = new Set(this.versions(id));
    this.table.splice(0, Infinity, ...this.table.filter((row) => !group.has(row.id)));
    this.#aside = this.#aside.filter(({ branch }) => !group.has(branch));
    return { change: "removed", message_id: id, removed: [id], restored: [], versions: [] };
  }

  #setAside(id) {
    const rows = this.table.splice(this.table.findIndex((row) => row.id === id));
    this.#aside.push(...rows.map((row) => ({ row, branch: id })));
    return rows.map((row) => row.id);
  }
}

function rootOf(row) {
  return row?.replaces || row?.id;
}

function several(versions) {
  return versions.length > 1 ? versions : [];
}
