'use strict';
'require baseclass';
'require dom';
'require rpc';
'require ui';
'require uci';
'require widgets';

const mayWrite = rpc.declare({
  object: 'session',
  method: 'access',
  params: ['scope', 'object', 'function'],
  expect: { access: false },
});

const same = (a, b) => JSON.stringify(a ?? '') === JSON.stringify(b ?? '');

const FormMap = baseclass.extend({
  __init__(config, title, description) {
    Object.assign(this, { config, title, description, children: [], data: uci });
  },
  section(Section, ...args) {
    const section = new Section(this, ...args);
    this.children.push(section);
    return section;
  },
  async load() {
    this.readonly = !(await mayWrite('uci', this.config, 'write'));
    await uci.load(this.config);
    for (const section of this.children) await section.load();
  },
  async render() {
    await this.load();
    return this.renderContents();
  },
  async renderContents() {
    this.root ??= E('div', { id: `cbi-${this.config}`, class: 'cbi-map' });
    dom.bindClassInstance(this.root, this);
    const nodes = [];
    for (const section of this.children) nodes.push(await section.render());
    dom.content(this.root, null);
    if (this.title) this.root.appendChild(E('h2', {}, this.title));
    if (this.description)
      this.root.appendChild(E('div', { class: 'cbi-map-descr' }, this.description));
    dom.append(this.root, nodes);
    for (const group of this.root.querySelectorAll('.cbi-section-node-tabbed'))
      ui.tabs.initTabGroup([...group.children]);
    return this.root;
  },
  async parse() {
    for (const section of this.children) await section.parse();
  },
  async save(done, isSilent) {
    try {
      await this.parse();
      await done?.();
      await uci.save();
      await this.load();
    } catch (error) {
      if (!isSilent)
        ui.showModal(_('Save error'), [
          E('p', {}, [E('em', { style: 'white-space:pre-wrap' }, [error.message])]),
          E('button', { class: 'btn', click: () => ui.hideModal() }, [_('Dismiss')]),
        ]);
      throw error;
    }
    await this.renderContents();
  },
  reset() {
    return this.renderContents();
  },
});

const AbstractSection = baseclass.extend({
  __init__(map, sectiontype, title, description) {
    Object.assign(this, { map, sectiontype, title, description, children: [] });
  },
  tab(name, title) {
    this.tabs ??= [];
    this.tabs.push({ name, title });
  },
  option(Option, ...args) {
    const option = new Option(this.map, this, ...args);
    this.children.push(option);
    return option;
  },
  taboption(tab, ...args) {
    const option = this.option(...args);
    option.tab = tab;
    return option;
  },
  async load() {
    for (const id of this.cfgsections())
      for (const option of this.children) option.cfgvalue(id, await option.load(id));
  },
  async parse() {
    for (const id of this.cfgsections()) for (const option of this.children) await option.parse(id);
  },
  formvalue(id) {
    return Object.fromEntries(this.children.map((one) => [one.option, one.formvalue(id)]));
  },
  nodeId() {
    return `cbi-${this.map.config}-${this.section ?? this.sectiontype}`;
  },
  frame(children, id = this.nodeId()) {
    const node = E('div', { id, class: 'cbi-section' }, []);
    if (this.title) node.appendChild(E('h3', {}, this.title));
    if (this.description)
      node.appendChild(E('div', { class: 'cbi-section-descr' }, this.description));
    dom.append(node, children);
    return node;
  },
});

const NamedSection = AbstractSection.extend({
  __init__(map, section, sectiontype, title, description) {
    AbstractSection.prototype.__init__.call(this, map, sectiontype, title, description);
    this.section = section;
  },
  cfgsections() {
    return [this.section];
  },
  async render() {
    if (uci.get(this.map.config, this.section) === null)
      return this.frame(
        this.addremove ? [this.button(this.addbtntitle ?? _('Add'), 'handleAdd')] : [],
      );
    const pane = (tab) =>
      this.children.filter((one) => one.tab === tab).map((one) => one.render(this.section));
    const panes = (this.tabs ?? []).map(({ name, title }) =>
      E('div', { 'data-tab': name, 'data-tab-title': title }, pane(name)),
    );
    const tabbed = this.tabs ? ' cbi-section-node-tabbed' : '';
    const node = E(
      'div',
      { id: this.nodeId(), class: `cbi-section-node${tabbed}` },
      this.tabs ? panes : pane(undefined),
    );
    const remove = E('div', { class: 'cbi-section-remove' }, [
      this.button(this.delbtntitle ?? _('Delete'), 'handleRemove'),
    ]);
    return this.frame(this.addremove ? [remove, node] : [node], null);
  },
  button(title, handler) {
    const click = ui.createHandlerFn(this, handler);
    return E('button', { class: 'btn', disabled: this.map.readonly || null, click }, [title]);
  },
  handleAdd() {
    uci.add(this.map.config, this.sectiontype, this.section);
    return this.map.save(null, true);
  },
  handleRemove() {
    uci.remove(this.map.config, this.section);
    return this.map.save(null, true);
  },
});

const GridSection = AbstractSection.extend({
  cfgsections() {
    return uci.sections(this.map.config, this.sectiontype).map((section) => section['.name']);
  },
  async parse() {
    for (const id of this.cfgsections())
      for (const option of this.children) if (option.editable) await option.parse(id);
  },
  async render() {
    const columns = this.children.filter(({ modalonly }) => modalonly !== true);
    const titles = [_('Name'), ...columns.map(({ title }) => title), ''];
    const heads = titles.map((title) => E('th', { class: 'th' }, [title]));
    const rows = this.cfgsections().map((id) =>
      E('tr', { class: 'tr cbi-section-table-row', 'data-section-id': id }, [
        E('td', { class: 'td', 'data-title': _('Name') }, [id]),
        ...columns.map((column) => this.renderCell(column, id)),
        this.renderRowActions(id),
      ]),
    );
    const empty = E('tr', { class: 'tr placeholder' }, [
      E('td', { class: 'td', colspan: titles.length }, this.renderSectionPlaceholder()),
    ]);
    return this.frame([
      E('table', { class: 'table cbi-section-table' }, [
        E('thead', {}, [E('tr', { class: 'tr cbi-section-table-titles' }, heads)]),
        E('tbody', {}, rows.length > 0 ? rows : [empty]),
      ]),
      this.renderSectionAdd(),
    ]);
  },
  renderCell(option, id) {
    const attributes = { class: 'td', 'data-title': option.title, 'data-name': option.option };
    // a text is markup here, too
    return E('td', attributes, option.editable ? option.render(id, true) : option.textvalue(id));
  },
  renderRowActions(id) {
    const button = (title, handler, style, disabled) =>
      E(
        'button',
        {
          class: `btn cbi-button ${style}`,
          disabled,
          click: ui.createHandlerFn(this, handler, id),
        },
        [title],
      );
    return E('td', { class: 'td cbi-section-actions' }, [
      E('div', {}, [
        button(_('Edit'), 'renderMoreOptionsModal', 'cbi-button-edit', null),
        button(_('Delete'), 'handleRemove', 'cbi-button-remove', this.map.readonly || null),
      ]),
    ]);
  },
  renderSectionAdd() {
    const name = E('input', {
      type: 'text',
      class: 'cbi-section-create-name',
      disabled: this.map.readonly || null,
    });
    const add = ui.createHandlerFn(this, (event) =>
      /^[A-Za-z0-9_]+$/.test(name.value) ? this.handleAdd(event, name.value) : undefined,
    );
    const button = E(
      'button',
      { class: 'btn cbi-button cbi-button-add', disabled: this.map.readonly || null, click: add },
      [_('Add')],
    );
    return E('div', { class: 'cbi-section-create' }, [name, button]);
  },
  handleAdd(event, name) {
    this.map.added = uci.add(this.map.config, this.sectiontype, name);
    return this.renderMoreOptionsModal(name);
  },
  handleRemove(id) {
    uci.remove(this.map.config, id);
    return this.map.save(null, true);
  },
  addModalOptions() {},
  /** A form of its own for one section: with all options but the table's columns. */
  async renderMoreOptionsModal(id) {
    const map = new FormMap(this.map.config);
    const section = map.section(NamedSection, id, this.sectiontype);
    section.tabs = this.tabs;
    for (const option of this.children) {
      if (option.modalonly === false) continue;
      const { title, description } = option;
      const copy = section.option(option.constructor, option.option, title, description);
      for (const [key, value] of Object.entries(option))
        if (!['map', 'section', 'data'].includes(key)) copy[key] = value;
    }
    this.addModalOptions(section, id);
    const node = await map.render();
    ui.showModal(
      this.modaltitle(id),
      [
        node,
        E('div', { class: 'button-row' }, [
          E('button', { class: 'btn', click: ui.createHandlerFn(this, 'handleModalCancel', map) }, [
            _('Dismiss'),
          ]),
          E(
            'button',
            {
              class: 'btn cbi-button-positive important',
              disabled: map.readonly || null,
              click: ui.createHandlerFn(this, 'handleModalSave', map),
            },
            [_('Save')],
          ),
        ]),
      ],
      'cbi-modal',
    );
  },
  handleModalCancel() {
    if (this.map.added) uci.remove(this.map.config, this.map.added);
    delete this.map.added;
    ui.hideModal();
  },
  /** What is wrong keeps the dialog open and is not said: as LuCI has it. */
  async handleModalSave(map) {
    try {
      await map.save(null, true);
    } catch {
      return;
    }
    delete this.map.added;
    ui.hideModal();
    await this.map.load();
    await this.map.renderContents();
  },
});

const Value = baseclass.extend({
  __init__(map, section, option, title, description) {
    Object.assign(this, { map, section, option, title, description, default: null });
    this.values = new Map();
  },
  value(key, label) {
    this.keylist = (this.keylist ?? []).concat(String(key));
    this.vallist = (this.vallist ?? []).concat(String(label ?? key));
  },
  load(id) {
    return uci.get(this.map.config, id, this.option);
  },
  cfgvalue(id, ...value) {
    if (value.length > 0) this.values.set(id, value[0]);
    return this.values.get(id) ?? null;
  },
  cbid(id) {
    return `cbid.${this.map.config}.${id}.${this.option}`;
  },
  field(id) {
    const fields = this.map.root?.querySelectorAll('[data-field]') ?? [];
    return [...fields].find((node) => node.getAttribute('data-field') === this.cbid(id)) ?? null;
  },
  formvalue(id) {
    const field = this.field(id);
    return field === null ? null : this.read(field);
  },
  validate() {
    return true;
  },
  choices() {
    return (this.keylist ?? []).map((key, i) => [key, this.vallist[i]]);
  },
  settings(id) {
    const { placeholder } = this;
    const isDisabled = this.map.readonly;
    const check = (text) => this.validate(id, text);
    return {
      id: `widget.${this.cbid(id)}`,
      placeholder,
      choices: this.choices(),
      isDisabled,
      check,
    };
  },
  widget: (value, settings) => widgets.text(L.toArray(value).join(' '), settings),
  read: (field) => widgets.readText(field),
  renderWidget(id, index, value) {
    return this.widget(value ?? this.default, this.settings(id));
  },
  render(id, isCell) {
    const settings = this.settings(id);
    const widget = this.renderWidget(id, 0, this.cfgvalue(id));
    const field = { 'data-field': this.cbid(id), 'data-name': this.option };
    if (isCell) return E('div', field, [widget]);
    return E('div', { class: 'cbi-value', ...field }, [
      E('label', { class: 'cbi-value-title', for: settings.id }, this.title),
      E('div', { class: 'cbi-value-field' }, [
        widget,
        E('div', { class: 'cbi-value-description' }, this.description ?? ''),
      ]),
    ]);
  },
  /** An option that is not shown is removed. */
  async parse(id) {
    const field = this.field(id);
    if (field === null) return this.remove(id);
    const value = this.read(field);
    const message = widgets.errorIn(field);
    if (message !== null)
      throw new TypeError(`Option "${this.title}" contains an invalid input value. ${message}`);
    if (value.length === 0) this.remove(id);
    else if (!same(value, this.cfgvalue(id))) this.write(id, value);
  },
  write(id, value) {
    uci.set(this.map.config, id, this.option, value);
  },
  remove(id) {
    uci.unset(this.map.config, id, this.option);
  },
});

const Flag = Value.extend({
  __init__(...args) {
    Value.prototype.__init__.apply(this, args);
    this.default = '0';
  },
  widget: (value, settings) => widgets.checkbox(value === '1', settings),
  read: (field) => (field.querySelector('input').checked ? '1' : '0'),
  async parse(id) {
    const field = this.field(id);
    if (field === null) return this.remove(id);
    const value = this.read(field);
    if (value === this.default) this.remove(id);
    else this.write(id, value);
  },
});

const ListValue = Value.extend({
  widget: (value, settings) => widgets.select(value, settings),
  read: (field) => field.querySelector('select').value,
});

const DynamicList = Value.extend({
  widget: (value, settings) => widgets.list(L.toArray(value), settings),
  read: (field) => widgets.readList(field),
});

const DummyValue = Value.extend({
  async parse() {},
});

return baseclass.extend({
  Map: FormMap,
  NamedSection,
  GridSection,
  Value,
  Flag,
  ListValue,
  DynamicList,
  DummyValue,
});
