'use strict';
'require view';
'require form';
'require domainroute.backend as backend';
'require domainroute.fields as fields';
'require domainroute.main as main';
'require domainroute.text as words';

const GENERAL = ['lan', 'wan', 'local'];

return view.extend({
  load() {
    return Promise.all([main.load(), backend.interfaces()]);
  },

  render([problem, interfaces]) {
    if (problem !== null) return words.notice(problem);
    const map = new form.Map(
      'domainroute',
      _('Domain Routing'),
      _('Where clients and resolvers are, and what of the system belongs to the service.'),
    );
    const section = map.section(form.NamedSection, 'main', 'domainroute');
    fields.addTabs(section, GENERAL, {
      but: ['enabled'],
      suggestions: { interface: main.networks(interfaces) },
    });
    main.guard(map, section, 'main');
    return map.render().then((node) => E('div', {}, [words.stylesheet(), node]));
  },
});
