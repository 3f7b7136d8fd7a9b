'use strict';
'require view';
'require dom';
'require domainroute.backend as backend';
'require domainroute.explanation as explanation';
'require domainroute.hosts as hosts';
'require domainroute.text as words';
'require domainroute.values as values';

/** The most addresses of one name that are told. */
const SHOWN = 20;

function field(id, title, placeholder, list) {
  const input = E('input', {
    id,
    type: 'text',
    class: 'cbi-input-text',
    placeholder,
    list,
    autocomplete: 'off',
    spellcheck: 'false',
  });
  return { input, node: E('div', {}, [E('label', { for: id }, [title]), input]) };
}

return view.extend({
  load() {
    return backend.leases();
  },

  render(leases) {
    const known = hosts.of(leases);
    const list = 'domainroute-clients';
    const subject = field('domainroute-subject', _('Name or address'), 'www.example.com');
    const client = field('domainroute-client', _('Client'), _('any'), list);
    const other = field('domainroute-other', _('Compare with client'), _('none'), list);
    const results = E('div', { 'aria-live': 'polite', id: 'domainroute-explanation' });
    const button = E('button', { type: 'submit', class: 'btn cbi-button cbi-button-action' }, [
      _('Explain'),
    ]);

    const ask = async () => {
      const what = subject.input.value.trim();
      if (what === '') return subject.input.focus();
      button.disabled = true;
      const clients = [client, other].map(({ input }) => input.value.trim());
      const asked = clients[1] === '' ? clients.slice(0, 1) : clients;
      const answers = await Promise.all(asked.map((who) => this.explain(what, who, known)));
      dom.content(results, [...answers]);
      button.disabled = false;
    };

    const form = E('form', { class: 'domainroute-form', autocomplete: 'off' }, [
      subject.node,
      client.node,
      other.node,
      E('div', {}, [button]),
    ]);
    form.addEventListener('submit', (event) => {
      event.preventDefault();
      void ask();
    });

    // from a row of the status page
    const given = new URLSearchParams(window.location.hash.slice(1));
    subject.input.value = given.get('subject') ?? '';
    client.input.value = given.get('client') ?? '';
    if (subject.input.value !== '') void ask();

    return E('div', {}, [
      words.stylesheet(),
      E('h2', {}, [_('Where does this go?')]),
      E('p', { class: 'cbi-map-descr' }, [
        _(
          'Which way a connection takes, and why. A client is a MAC address or an address; without one, the answer is for everyone who was told.',
        ),
      ]),
      E('datalist', { id: list }, [...known.suggestions()]),
      form,
      results,
    ]);
  },

  /** All that is known for one client: cards, or what went wrong. Never rejects. */
  async explain(what, who, known) {
    const isAddress = values.isAddress(what);
    try {
      const { others, ...first } = await backend.ask(
        'explain',
        isAddress ? undefined : what,
        isAddress ? what : undefined,
        who === '' ? undefined : who,
      );
      const all = [first].concat(others ?? []);
      const cards = all.slice(0, SHOWN).map((one) => explanation.card(one, known));
      const title = who === '' ? _('For everyone who was told') : known.label(who);
      return E('section', {}, [
        E('h3', {}, [title]),
        E('div', { class: 'domainroute-cards' }, [...cards]),
        all.length > SHOWN ? E('p', {}, [_('and %d more').format(all.length - SHOWN)]) : '',
      ]);
    } catch (error) {
      return words.notice(error);
    }
  },

  handleSave: null,
  handleSaveApply: null,
  handleReset: null,
});
