'use strict';
'require baseclass';
'require form';
'require ui';
'require uci';
'require domainroute.fields as fields';
'require domainroute.main as main';
'require domainroute.options as options';

// What the tables of sections have beyond LuCI's: clone, keys for the order, names that are free, and words
// for what keeps a section from being saved.

const CONFIG = 'domainroute';
/** Types of sections that are no use twice: a copy is off until it is changed. */
const EXCLUSIVE = ['neighbor', 'dnstap'];
const Grid = form.GridSection.prototype;

/** As src/config/value.ts. */
const NAME_MAX = 63;
const NAME = new RegExp('^[A-Za-z0-9_]+$');

function freeName(section_id) {
  for (let i = 2; ; i++) {
    const name = '%s_%d'.format(section_id.slice(0, NAME_MAX - 5), i);
    if (uci.get(CONFIG, name) == null) return name;
  }
}

/** Those of the one section of their type are kept for it. */
function isTaken(name) {
  const reserved = [...options.sections.values()].map((section) => section.name);
  return uci.get(CONFIG, name) != null || reserved.includes(name);
}

function copySection(type, from) {
  const name = freeName(from);
  uci.add(CONFIG, type, name);
  for (const { name: option } of options.sections.get(type).options) {
    const value = uci.get(CONFIG, from, option);
    if (value != null) uci.set(CONFIG, name, option, Array.isArray(value) ? value.slice() : value);
  }
  // two of a kind at one place: the service would leave one out
  if (EXCLUSIVE.includes(type)) uci.set(CONFIG, name, 'enabled', '0');
  uci.move(CONFIG, name, from, true);
}

function neighbour(type, section_id, step) {
  const ids = uci.sections(CONFIG, type).map((section) => section['.name']);
  return ids[ids.indexOf(section_id) + step];
}

function button(section, title, sign, disabled, action) {
  return E(
    'button',
    {
      class: 'btn cbi-button cbi-button-neutral',
      title,
      'aria-label': title,
      disabled: section.map.readonly || disabled || null,
      click: ui.createHandlerFn(section, action),
    },
    [sign],
  );
}

/** The table was drawn again: the keys go on where they were, as far as there is a way on. */
function focusButton(root, section_id, step) {
  const rows = [...root.querySelectorAll('tr[data-section-id]')];
  const row = rows.find((tr) => tr.getAttribute('data-section-id') === section_id);
  const [up, down] = row?.querySelectorAll('button[aria-label]') ?? [];
  [step < 0 ? up : down, up, down].find((one) => one && !one.disabled)?.focus();
}

/** Puts the lines above the buttons of the dialog, and the focus on them. */
function showProblems(root, lines) {
  const dialog = root.parentNode;
  dialog.querySelectorAll('.domainroute-problems').forEach((node) => node.remove());
  if (lines.length === 0) return;
  const box = E(
    'div',
    { class: 'alert-message error domainroute-problems', role: 'alert', tabindex: '-1' },
    [
      E('p', {}, [_('This cannot be saved:')]),
      E('ul', {}, [...lines.map((line) => E('li', {}, [line]))]),
    ],
  );
  root.after(box);
  box.focus();
}

/** `enabled` is a switch in the table, too; the other options are in the dialog, those without an effect if they are set. */
function addOptions(section, general, suggestions) {
  const type = section.sectiontype;
  const added = general
    ? fields.addTabs(section, general, { suggestions })
    : fields.rows(type, { but: [] }).map((spec) => fields.add(section, null, spec, suggestions));
  for (const option of added) option[option.option === 'enabled' ? 'editable' : 'modalonly'] = true;
  section.addModalOptions = (dialog, section_id) => {
    const isSet = ({ name }) => uci.get(CONFIG, section_id, name) != null;
    const tab = general ? 'advanced' : null;
    const idle = fields.idleRows(type).filter(isSet);
    idle.forEach((spec) => fields.add(dialog, tab, spec));
  };
}

function addRowActions(section) {
  const { map, sectiontype: type } = section;
  const move = (section_id, title, sign, step) => {
    const other = neighbour(type, section_id, step);
    return button(section, title, sign, other === undefined, async () => {
      uci.move(CONFIG, section_id, other, step > 0);
      await map.save(null, true);
      focusButton(map.root, section_id, step);
    });
  };
  section.renderRowActions = (section_id) => {
    const cell = Grid.renderRowActions.call(section, section_id);
    const order = [
      move(section_id, _('Move up'), '▲', -1),
      move(section_id, _('Move down'), '▼', 1),
    ];
    // after the form is read: of a row that it does not show, LuCI removes what has a widget
    const clone = button(section, _('Clone'), _('Clone'), false, () =>
      map.save(() => copySection(type, section_id), true),
    );
    (cell.firstElementChild ?? cell).prepend(...(section.sortable ? order : []), clone);
    return cell;
  };
}

/** What is wrong with the name of a new section, or null. */
function nameProblem(name) {
  if (name.length > NAME_MAX) return _('The name is longer than %d characters.').format(NAME_MAX);
  return isTaken(name) ? _("The name '%s' is taken: choose another one.").format(name) : null;
}

function guardNames(section) {
  section.renderSectionAdd = (...args) => {
    const node = Grid.renderSectionAdd.apply(section, args);
    node.querySelector('input')?.setAttribute('aria-label', _('Name of what is added'));
    return node;
  };
  section.handleAdd = (event, name) => {
    const problem = nameProblem(name);
    if (problem === null) return Grid.handleAdd.call(section, event, name);
    ui.addNotification(null, E('p', {}, [problem]), 'warning');
    return Promise.resolve();
  };
}

/** The dialog says what is wrong, and stays. */
function guardDialog(section) {
  section.handleModalSave = async (modalMap, ...rest) => {
    const [dialog] = modalMap.children;
    const lines = main.problemsOf(dialog, section.sectiontype, dialog.section);
    showProblems(modalMap.root, lines);
    if (lines.length > 0) return;
    // LuCI draws the page behind it from UCI: what was typed there would be lost, as far as it is valid
    await section.map.parse().catch(() => undefined);
    await Grid.handleModalSave.call(section, modalMap, ...rest);
  };
}

return baseclass.extend({
  /**
   * A section of a form.Map for the sections of `type`. `sortable`: their order says something; `general`: the options
   * in the first of two tabs, else there are none; `suggestions`: as fields.js has them.
   */
  add(map, type, { title, description, dialogTitle, placeholder, sortable, general, suggestions }) {
    const section = map.section(form.GridSection, type, title, description);
    Object.assign(section, { addremove: true, anonymous: false, sortable: sortable ?? false });
    Object.assign(section, { rowcolors: true, nodescriptions: true });
    // LuCI takes a title for markup, and libuci has no other names
    section.modaltitle = (section_id) =>
      NAME.test(section_id) ? '%s: %s'.format(dialogTitle, section_id) : dialogTitle;
    section.renderSectionPlaceholder = () => E('em', {}, [placeholder]);
    addOptions(section, general, suggestions);
    addRowActions(section);
    guardNames(section);
    guardDialog(section);
    return section;
  },

  /** A column of the table, which the dialog does not have: `render` gives the children of a cell. */
  column(section, name, title, render) {
    const column = section.option(form.DummyValue, name, title);
    column.modalonly = false;
    column.textvalue = (section_id) => E('div', {}, [...render(section_id)]);
    return column;
  },
});
