'use strict';
'require view';
'require form';
'require uci';
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
    section.tab('general', _('General'));
    section.tab('advanced', _('Advanced'));

    const networks = main.networks(interfaces);
    const add = (tab, spec) =>
      fields.add(section, tab, spec, spec.type === 'interface' ? networks : undefined);
    fields.rows('domainroute', { only: GENERAL }).forEach((spec) => add('general', spec));
    fields
      .rows('domainroute', { but: GENERAL.concat('enabled') })
      .forEach((spec) => add('advanced', spec));
    main.guard(map, section, 'domainroute', 'main');
    return map.render().then((node) => E('div', {}, [words.stylesheet(), node]));
  },
});
