'use strict';
'require baseclass';
'require form';
'require domainroute.options as options';
'require domainroute.values as values';

// Options of a form, made from rows of the option table.

/**
 * What the service reads and does nothing with yet, by type of section: an option as a whole (true), or choices of one.
 * Offered only where the file has it.
 */
const IDLE = {
  rule: { action: ['proxy'], address: true },
  list: { url: true, interval: true, format: ['geosite'] },
};

function idleOf(type, name) {
  return IDLE[type]?.[name] ?? [];
}

function withoutEffect(words) {
  return _('%s (has no effect yet)').format(words);
}

/** UCI has ten words for yes and no, the widget knows two. */
const BooleanFlag = form.Flag.extend({
  load(section_id) {
    const given = form.Flag.prototype.load.call(this, section_id);
    return given == null ? given : values.canonicalBoolean(String(given));
  },
  /** The title is not the label of the box: LuCI gives the box another id. */
  renderWidget(...args) {
    const node = form.Flag.prototype.renderWidget.apply(this, args);
    node.querySelector('input[type="checkbox"]')?.setAttribute('aria-label', this.title);
    return node;
  },
});

/** Keeps what the file has and no choice is: it is reported, not replaced. The default goes without saying. */
const Choice = form.ListValue.extend({
  labelOf(value) {
    return this.idle?.includes(value) ? withoutEffect(value) : value;
  },
  renderWidget(section_id, index, value) {
    const { keylist, vallist } = this;
    // LuCI keeps choices in an object and calls its methods
    const isKnown = value == null || value in {} || keylist.includes(String(value));
    this.keylist = isKnown ? keylist : keylist.concat(String(value));
    this.vallist = isKnown ? vallist : vallist.concat(this.labelOf(String(value)));
    const node = form.ListValue.prototype.renderWidget.call(this, section_id, index, value);
    Object.assign(this, { keylist, vallist });
    return node;
  },
  write(section_id, value) {
    return value === this.default
      ? this.remove(section_id)
      : form.ListValue.prototype.write.call(this, section_id, value);
  },
});

function widgetOf(spec) {
  if (spec.list) return form.DynamicList;
  if (spec.type === 'boolean') return BooleanFlag;
  return spec.type === 'enum' ? Choice : form.Value;
}

/** LuCI takes a description for markup: the table's lines hold none, which a test checks. */
function helpOf({ doc, type, min, max, default: preset }) {
  if (type !== 'integer') return doc;
  return preset === undefined
    ? _('%s (%d to %d)').format(doc, min, max)
    : _('%s (%d to %d, else %d)').format(doc, min, max, preset);
}

return baseclass.extend({
  /**
   * Adds the option of a row to a form's section, or to a tab of it (null: it has none). `suggestions`, by type:
   * [[value, label]] for those that name something of this router.
   */
  add(section, tab, spec, suggestions = {}) {
    const idle = idleOf(section.sectiontype, spec.name);
    const help = idle === true ? withoutEffect(helpOf(spec)) : helpOf(spec);
    const row = [widgetOf(spec), spec.name, spec.title, help];
    const option = tab === null ? section.option(...row) : section.taboption(tab, ...row);
    option.rmempty = true;
    if (spec.type === 'enum') {
      option.idle = L.toArray(idle);
      spec.choices
        .filter((choice) => !option.idle.includes(choice))
        .forEach((choice) => option.value(choice));
    }
    if (spec.default !== undefined) {
      const isPreset = spec.type === 'boolean' || spec.type === 'enum';
      option[isPreset ? 'default' : 'placeholder'] = spec.default;
    }
    (suggestions[spec.type] ?? []).forEach(([value, label]) => option.value(value, label));
    option.validate = (section_id, text) =>
      text == null || text === '' ? true : (values.check(spec, text) ?? true);
    return option;
  },

  /** Adds rows in two tabs: those named in `general`, in this order, and the others but those in `but`. */
  addTabs(section, general, { but = [], suggestions } = {}) {
    section.tab('general', _('General'));
    section.tab('advanced', _('Advanced'));
    const add = (tab, specs) => specs.map((spec) => this.add(section, tab, spec, suggestions));
    const type = section.sectiontype;
    const rest = this.rows(type, { but: general.concat(but) });
    return add('general', this.rows(type, { only: general })).concat(add('advanced', rest));
  },

  /** Rows of a type of section: those named, in this order, or all but those named and those without an effect. */
  rows(type, { only, but }) {
    const all = options.sections.get(type).options;
    if (only) return only.map((name) => all.find((spec) => spec.name === name));
    return all.filter(({ name }) => !but.includes(name) && idleOf(type, name) !== true);
  },

  /** Those without an effect. */
  idleRows(type) {
    return options.sections.get(type).options.filter(({ name }) => idleOf(type, name) === true);
  },

  /** A problem of problems.js, or a diagnostic of the daemon, as a line of text. */
  describe(type, { option, value, message }) {
    if (option == null) return _('This section %s').format(message);
    const title =
      options.sections.get(type)?.options.find(({ name }) => name === option)?.title ?? option;
    return value == null
      ? _('%s: %s').format(title, message)
      : _("%s: '%s' %s").format(title, value, message);
  },
});
