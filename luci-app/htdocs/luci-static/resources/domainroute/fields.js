'use strict';
'require baseclass';
'require form';
'require domainroute.options as options';
'require domainroute.values as values';

// Options of a form, made from rows of the option table.

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
  renderWidget(section_id, index, value) {
    const { keylist, vallist } = this;
    // LuCI keeps choices in an object and calls its methods
    const isKnown = value == null || value in {} || keylist.includes(String(value));
    this.keylist = isKnown ? keylist : keylist.concat(String(value));
    this.vallist = isKnown ? vallist : vallist.concat(String(value));
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
  return _('%s (%d to %d, else %d)').format(doc, min, max, preset);
}

return baseclass.extend({
  /**
   * Adds the option of a row to a form's section, or to a tab of it (null: it has none). `suggestions`:
   * [[value, label]] for types that name something of this router.
   */
  add(section, tab, spec, suggestions) {
    const row = [widgetOf(spec), spec.name, spec.title, helpOf(spec)];
    const option = tab === null ? section.option(...row) : section.taboption(tab, ...row);
    option.rmempty = true;
    if (spec.type === 'boolean') option.default = spec.default;
    else if (spec.type === 'enum') {
      spec.choices.forEach((choice) => option.value(choice));
      option.default = spec.default;
    } else if (spec.default !== undefined) option.placeholder = spec.default;
    (suggestions ?? []).forEach(([value, label]) => option.value(value, label));
    option.validate = (section_id, text) =>
      text == null || text === '' ? true : (values.check(spec, text) ?? true);
    return option;
  },

  /** The rows of a type of section: those named, in this order, or all but those named. */
  rows(type, { only, but }) {
    const all = options.sections.get(type).options;
    if (only) return only.map((name) => all.find((spec) => spec.name === name));
    return all.filter(({ name }) => !but.includes(name));
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
