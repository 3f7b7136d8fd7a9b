import { createLab } from './lab.ts';
const lab = await createLab();
lab.configure(`config domainroute 'main'
	option enabled '1'
	list lan 'br-lan'
	list wan 'wan1'

config rule 'video'
	list domain 'video.example.com'
	option interface 'wan2'
`);
try {
console.log((await lab.cli('start')).stderr);
await lab.client.resolve('video.example.com');
const c = await lab.client.open('203.0.113.20');
console.log(await c.say('a'));
console.log((await lab.cli('rule','del','video')).stderr);
console.log(await c.say('x').catch(String));
} finally { await lab.close(); }
