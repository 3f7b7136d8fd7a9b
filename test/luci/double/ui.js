'use strict';
'require baseclass';
'require dom';
'require rpc';
'require uci';

const overlay = document.body.appendChild(
  E('div', { id: 'modal_overlay', tabindex: '-1' }, [
    E('div', {
      class: 'modal',
      role: 'dialog',
      'aria-modal': 'true',
      'aria-labelledby': 'modal-title',
    }),
  ]),
);

function selectTab(menu, panes, name) {
  for (const pane of panes)
    pane.setAttribute('data-tab-active', String(pane.getAttribute('data-tab') === name));
  for (const link of menu.querySelectorAll('li')) {
    const isActive = link.getAttribute('data-tab') === name;
    link.className = isActive ? 'cbi-tab' : 'cbi-tab-disabled';
  }
}

return baseclass.extend({
  tabs: {
    initTabGroup(panes) {
      const menu = E('ul', { class: 'cbi-tabmenu' });
      for (const pane of panes) {
        const name = pane.getAttribute('data-tab');
        const click = (event) => {
          event.preventDefault();
          selectTab(menu, panes, name);
        };
        const link = E('a', { href: '#', click }, [pane.getAttribute('data-tab-title')]);
        menu.appendChild(E('li', { 'data-tab': name }, [link]));
      }
      panes[0].parentNode.before(menu);
      selectTab(menu, panes, panes[0].getAttribute('data-tab'));
    },
  },

  changes: {
    apply: () => uci.apply(10, false),
  },

  instantiateView(path) {
    return L.require(`view.${path.replaceAll('/', '.')}`);
  },

  createHandlerFn(context, handler, ...args) {
    const run = typeof handler === 'string' ? context[handler] : handler;
    return (event) => {
      const button = event.currentTarget;
      button.disabled = true;
      Promise.resolve(run.call(context, ...args, event))
        .catch(() => undefined)
        .finally(() => (button.disabled = false));
    };
  },

  showModal(title, children, ...classNames) {
    const dialog = overlay.firstElementChild;
    dialog.className = ['modal', ...classNames].join(' ');
    dom.content(dialog, E('h4', { id: 'modal-title' }, title));
    dom.append(dialog, children);
    document.body.classList.add('modal-overlay-active');
    overlay.focus();
    return dialog;
  },

  hideModal() {
    document.body.classList.remove('modal-overlay-active');
    dom.content(overlay.firstElementChild, []);
  },

  addNotification(title, children, ...classNames) {
    const body = E('div');
    const message = E('div', { class: ['alert-message', ...classNames].join(' ') }, [
      body,
      E('button', { class: 'btn', click: () => message.remove() }, [_('Dismiss')]),
    ]);
    if (title !== null) body.appendChild(E('h4', {}, title));
    dom.append(body, children);
    document.getElementById('maincontent').prepend(message);
    return message;
  },
});
