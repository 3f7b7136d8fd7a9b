'use strict';
'require baseclass';
'require form';
'require ui';
'require uci';
'require domainroute.main as main';
'require domainroute.options as options';

// What the tables of rules and of lists have beyond LuCI's: clone, keys for the order, names that are free, and words
// for what keeps a section from being saved.

const CONFIG = 'domainroute';
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

function copySection(type, from) {
  const name = freeName(from);
  uci.add(CONFIG, type, name);
  for (const { name: option } of options.sections.get(type).options) {
    const value = uci.get(CONFIG, from, option);
    if (value != null) uci.set(CONFIG, name, option, Array.isArray(value) ? value.slice() : value);
  }
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

return baseclass.extend({
  /** A section of a form.Map for the sections of `type`. */
  add(map, type, { title, description, dialogTitle, placeholder }) {
    const section = map.section(form.GridSection, type, title, description);
    Object.assign(section, { addremove: true, anonymous: false, sortable: true });
    Object.assign(section, { rowcolors: true, nodescriptions: true });
    // LuCI takes a title for markup, and libuci has no other names
    section.modaltitle = (section_id) =>
      NAME.test(section_id) ? '%s: %s'.format(dialogTitle, section_id) : dialogTitle;
    section.renderSectionPlaceholder = () => E('em', {}, [placeholder]);

    const moveBy = async (section_id, step) => {
      uci.move(CONFIG, section_id, neighbour(type, section_id, step), step > 0);
      await map.save(null, true);
      focusButton(map.root, section_id, step);
    };
    section.renderRowActions = (section_id) => {
      const cell = Grid.renderRowActions.call(section, section_id);
      const isEnd = (step) => neighbour(type, section_id, step) === undefined;
      const make = (...args) => button(section, ...args);
      const buttons = [
        make(_('Move up'), '▲', isEnd(-1), () => moveBy(section_id, -1)),
        make(_('Move down'), '▼', isEnd(1), () => moveBy(section_id, 1)),
        make(_('Clone'), _('Clone'), false, () => {
          copySection(type, section_id);
          return map.save(null, true);
        }),
      ];
      (cell.firstElementChild ?? cell).prepend(...buttons);
      return cell;
    };
    section.renderSectionAdd = (...args) => {
      const node = Grid.renderSectionAdd.apply(section, args);
      node.querySelector('input')?.setAttribute('aria-label', _('Name of what is added'));
      return node;
    };
    section.handleAdd = (event, name) => {
      if (name.length <= NAME_MAX && uci.get(CONFIG, name) == null)
        return Grid.handleAdd.call(section, event, name);
      const words =
        name.length > NAME_MAX
          ? _('The name is longer than %d characters.').format(NAME_MAX)
          : _("The name '%s' is taken: choose another one.").format(name);
      ui.addNotification(null, E('p', {}, [words]), 'warning');
      return Promise.resolve();
    };
    section.handleModalSave = (modalMap, ...rest) => {
      const [dialog] = modalMap.children;
      const lines = main.problemsOf(dialog, type, dialog.section);
      showProblems(modalMap.root, lines);
      if (lines.length > 0) return Promise.resolve();
      return Grid.handleModalSave.call(section, modalMap, ...rest);
    };
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
