'use strict';
'require baseclass';
'require rpc';

const declare = (method, params, expect) =>
  rpc.declare({ object: 'uci', method, params, expect, reject: true });

const calls = {
  get: declare('get', ['config'], { values: {} }),
  set: declare('set', ['config', 'section', 'values']),
  add: declare('add', ['config', 'type', 'name', 'values']),
  delete: declare('delete', ['config', 'section', 'options']),
  order: declare('order', ['config', 'sections']),
};

const isOption = ([name]) => !name.startsWith('.');
const optionsOf = (section) => Object.fromEntries(Object.entries(section).filter(isOption));

return baseclass.extend({
  __init__() {
    /** By package: [sections as loaded, sections as they are]. */
    this.loaded = new Map();
  },

  async load(config) {
    if (this.loaded.has(config)) return;
    const values = await calls.get(config);
    const sections = Object.values(values).sort((a, b) => a['.index'] - b['.index']);
    const copy = () => new Map(sections.map((one) => [one['.name'], structuredClone(one)]));
    this.loaded.set(config, { old: copy(), now: copy(), isMoved: false });
  },

  unload(config) {
    this.loaded.delete(config);
  },

  sections(config, type) {
    const sections = [...(this.loaded.get(config)?.now.values() ?? [])];
    return sections.filter((section) => !type || section['.type'] === type);
  },

  get(config, id, option) {
    const section = this.loaded.get(config)?.now.get(id) ?? null;
    return option === undefined ? section : (section?.[option] ?? null);
  },

  set(config, id, option, value) {
    const section = this.get(config, id);
    if (section === null) return;
    if (value === null || value === '') delete section[option];
    else section[option] = value;
  },

  unset(config, id, option) {
    this.set(config, id, option, null);
  },

  add(config, type, name) {
    this.loaded.get(config).now.set(name, { '.type': type, '.name': name });
    return name;
  },

  remove(config, id) {
    this.loaded.get(config).now.delete(id);
  },

  move(config, id, other, after) {
    const state = this.loaded.get(config);
    const ids = [...state.now.keys()].filter((one) => one !== id);
    ids.splice(ids.indexOf(other) + (after ? 1 : 0), 0, id);
    state.now = new Map(ids.map((one) => [one, state.now.get(one)]));
    state.isMoved = true;
    return true;
  },

  async save() {
    for (const [config, { old, now, isMoved }] of [...this.loaded]) {
      for (const id of old.keys()) if (!now.has(id)) await calls.delete(config, id);
      for (const [id, section] of now) await this.saveSection(config, old.get(id), section);
      if (isMoved) await calls.order(config, [...now.keys()]);
      this.unload(config);
      await this.load(config);
    }
  },

  async saveSection(config, old, section) {
    const id = section['.name'];
    const wanted = optionsOf(section);
    if (old === undefined) {
      await calls.add(config, section['.type'], id, wanted);
      return;
    }
    const had = optionsOf(old);
    const gone = Object.keys(had).filter((name) => !(name in wanted));
    if (gone.length > 0) await calls.delete(config, id, gone);
    const isNew = ([name, value]) => JSON.stringify(had[name]) !== JSON.stringify(value);
    const changed = Object.entries(wanted).filter(isNew);
    if (changed.length > 0) await calls.set(config, id, Object.fromEntries(changed));
  },

  apply: rpc.declare({ object: 'uci', method: 'apply', params: ['timeout', 'rollback'] }),
});
