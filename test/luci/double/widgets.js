'use strict';
'require baseclass';

/** Runs the check when the field is left and at each key; what is wrong goes to its tooltip. */
function validated(input, check) {
  const run = () => {
    const result = input.value === '' ? true : check(input.value);
    input.classList.toggle('cbi-input-invalid', result !== true);
    if (result === true) input.removeAttribute('data-tooltip');
    else input.setAttribute('data-tooltip', result);
  };
  input.addEventListener('keyup', run);
  input.addEventListener('blur', run);
  run();
  return input;
}

function textInput(value, { id, placeholder, choices, isDisabled, check }) {
  const input = E('input', {
    id,
    type: 'text',
    class: 'cbi-input-text',
    placeholder,
    value,
    disabled: isDisabled || null,
    list: choices.length > 0 ? `${id}.choices` : null,
  });
  return validated(input, check);
}

function datalist({ id, choices }) {
  if (choices.length === 0) return E([]);
  const options = choices.map(([value, label]) => E('option', { value }, [label]));
  return E('datalist', { id: `${id}.choices` }, options);
}

const itemsOf = (field) =>
  [...field.querySelectorAll('.item > input[type="hidden"]')].map(({ value }) => value);

return baseclass.extend({
  text: (value, settings) => E('div', {}, [textInput(value, settings), datalist(settings)]),
  readText: (field) => field.querySelector('input').value,

  /** The box has not the id that its title names: as LuCI has it. */
  checkbox: (isChecked, { isDisabled }) =>
    E('div', {}, [
      E('input', {
        type: 'checkbox',
        checked: isChecked ? '' : null,
        disabled: isDisabled || null,
      }),
    ]),

  select: (value, { id, choices, isDisabled }) =>
    E('div', {}, [
      E(
        'select',
        { id, class: 'cbi-input-select', disabled: isDisabled || null },
        choices.map(([key, label]) =>
          E('option', { value: key, selected: key === value ? '' : null }, [label]),
        ),
      ),
    ]),

  list(values, settings) {
    const input = textInput('', settings);
    const adder = E('div', { class: 'add-item control-group' }, [input, datalist(settings)]);
    const node = E('div', { class: 'cbi-dynlist' }, [adder]);
    const add = (value) => {
      const item = E('div', { class: 'item', tabindex: '0', role: 'button' }, [
        E('span', {}, [value]),
        E('input', { type: 'hidden', value }),
      ]);
      item.setAttribute('aria-label', _('Remove %s').format(value));
      item.addEventListener('click', () => settings.isDisabled || item.remove());
      item.addEventListener('keydown', (event) => event.key === 'Delete' && item.remove());
      adder.before(item);
    };
    values.forEach(add);
    input.addEventListener('keydown', (event) => {
      if (event.key !== 'Enter') return;
      event.preventDefault();
      if (input.value === '' || input.classList.contains('cbi-input-invalid')) return;
      add(input.value);
      input.value = '';
    });
    return node;
  },
  /** What is typed and valid counts as an item; what is not is dropped: as LuCI has it. */
  readList(field) {
    const input = field.querySelector('.add-item > input');
    const isItem = input.value !== '' && !input.classList.contains('cbi-input-invalid');
    return itemsOf(field).concat(isItem ? [input.value] : []);
  },

  errorIn: (field) =>
    field.querySelector('.cbi-dynlist') === null
      ? (field.querySelector('.cbi-input-invalid')?.getAttribute('data-tooltip') ?? null)
      : null,
});
