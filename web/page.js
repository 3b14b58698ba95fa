// The page: what it starts from, what is wanted, and what it shows of both.

import { hasSimd, loadNetworks } from './networks.js';
import { contextOf, copyOf, enlarge, layOver, middleOf, openPhoto, shrink, toPng, viewOf } from './pictures.js';

const $ = id => document.getElementById(id);
const DRAWN = 'trainedAlgorithmicMedia', EDITED = 'compositeWithTrainedAlgorithmicMedia'; // IPTC's words
const XMP = type => '<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">' +
  '<rdf:Description rdf:about="" xmlns:Iptc4xmpExt="http://iptc.org/std/Iptc4xmpExt/2008-02-29/" Iptc4xmpExt:DigitalSourceType=' +
  `"http://cv.iptc.org/newscodes/digitalsourcetype/${type}"/></rdf:RDF></x:xmpmeta>`;

let networks, facts;
let start; // { picture, view, shown, photo, square }: the face before; photo and square where it is of a photograph
let wanted = {}; // strengths of the attributes, from 0 to 1
let after; // the picture that is shown
let busy = false, waiting = null; // one task at a time; of those that wait, the last

function tell(text, failed = false) {
  $('status').textContent = text;
  $('status').classList.toggle('failed', failed);
}

// Run a task that asks the networks; tell what it returns, or what went wrong.
async function act(task) {
  if (busy) return void (waiting = task);
  busy = true;
  try {
    tell(await task());
  } catch (error) {
    tell(error.message, true);
  }
  busy = false;
  if (waiting) act([waiting, waiting = null][0]);
}

// What the page calls a strength: of an attribute that says what is absent, the other way round.
const turned = ({ turned }, strength) => turned ? 1 - strength : strength;
const percent = share => `${Math.round(100 * share)}\u00a0%`;
const changes = () => facts.attributes.filter(({ name }) => wanted[name] !== start.shown[name]);
const described = () => changes().map(attribute => `${attribute.label} ${percent(turned(attribute, wanted[attribute.name]))}`).join(', ');

async function begin(picture, view, photo, square) {
  start = { picture, view, photo, square, shown: await networks.read(picture) };
  wanted = { ...start.shown };
  await change();
}

async function newFace() {
  const drawn = await networks.draw(wanted);
  await begin(drawn, enlarge(drawn, facts.side));
  $('framing').hidden = true;
  return "A network drew this face: it is nobody's. Move a slider, or start from your photograph.";
}

async function openFile(file) {
  let photo;
  try {
    photo = await openPhoto(file);
  } catch {
    throw new Error(`${file.name} cannot be read as a picture: try a JPEG or PNG.`);
  }
  $('zoom').value = 1;
  $('framing').hidden = false;
  return frame(photo);
}

async function frame(photo) {
  const square = middleOf(photo, $('zoom').value, facts.crop), view = viewOf(photo, square);
  await begin(shrink(view, facts.side), view, photo, square);
  return 'The middle of your photograph was taken. Zoom until the face fills the frame, then move a slider.';
}

async function change() {
  const began = performance.now(), words = described();
  after = start.picture;
  if (words) after = await networks.change(start.picture, facts.attributes.map(({ name }) => wanted[name] - start.shown[name]));
  show(words);
  return words ? `${words}: changed in ${Math.round(performance.now() - began)} ms.` : 'As before.';
}

function show(words) {
  const before = start.photo ? 'your photograph' : 'the face as it was drawn';
  paint('before', start.view, before);
  paint('after', start.view, words || 'nothing changed yet');
  layOver($('after'), { left: 0, top: 0, side: $('after').width }, start.picture, after, facts.side, Boolean(start.photo));
  for (const attribute of facts.attributes) {
    const input = $(attribute.name), share = turned(attribute, wanted[attribute.name]);
    input.value = 100 * share;
    input.setAttribute('aria-valuetext', percent(share));
    input.nextElementSibling.value = percent(share);
  }
  for (const control of document.querySelectorAll('button, input')) control.disabled = false;
  $('reset').disabled = !words;
}

function paint(id, canvas, what) {
  contextOf($(id)).drawImage(canvas, 0, 0);
  $(id).setAttribute('aria-label', `${id}: ${what}`);
  $(`${id}-is`).textContent = id === 'before' ? `◀\u00a0before: ${what}` : `after: ${what}\u00a0▶`;
}

// A slider moved: what it implies moves, too.
function move(attribute, share) {
  const strength = turned(attribute, share);
  Object.assign(wanted, facts.implied[attribute.name][Number(strength > 0.5)], { [attribute.name]: strength });
  act(change);
}

async function save() {
  const { photo, square } = start, words = described() || 'not edited';
  const canvas = copyOf(photo ?? $('after'));
  if (photo) layOver(canvas, square, start.picture, after, facts.side, true);
  const texts = { Software: facts.software, Edited: words, Attributes: JSON.stringify(wanted), 'XML:com.adobe.xmp': XMP(photo ? EDITED : DRAWN) };
  const link = Object.assign(document.createElement('a'), { download: 'face.png', href: URL.createObjectURL(await toPng(canvas, texts)) });
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 60_000);
  return `face.png is saved: ${photo ? 'the photograph' : 'the face'}, ${words}.`;
}

function addSlider(attribute) {
  const row = Object.assign(document.createElement('div'), { className: 'slider' });
  const label = Object.assign(document.createElement('label'), { htmlFor: attribute.name, textContent: attribute.label });
  const input = Object.assign(document.createElement('input'), { id: attribute.name, type: 'range', disabled: true });
  input.addEventListener('input', () => move(attribute, input.value / 100));
  row.append(label, input, document.createElement('output'));
  $('rows').append(row);
}

$('divider').addEventListener('input', event => $('compare').style.setProperty('--cut', `${event.target.value}%`));
$('new').addEventListener('click', () => act(newFace));
$('save').addEventListener('click', () => act(save));
$('reset').addEventListener('click', () => act(() => (Object.assign(wanted, start.shown), change())));
$('zoom').addEventListener('input', () => act(() => frame(start.photo)));
$('file').addEventListener('change', event => {
  const [file] = event.target.files;
  event.target.value = ''; // so that the same file can be chosen again
  if (file) act(() => openFile(file));
});

if (hasSimd()) act(async () => {
  networks = await loadNetworks(tell);
  facts = networks.facts;
  facts.attributes.forEach(addSlider);
  wanted = { ...facts.plain };
  return newFace();
});
else tell('This browser has no WebAssembly with SIMD, which the networks need: take a newer one (Chrome 91, Firefox 89, Safari 16.4).', true);
