// The three networks, run by ONNX Runtime Web. A picture is a Uint8ClampedArray of side * side * 3: red, green, blue.

// A function that counts bits of a vector: valid where WebAssembly has its SIMD instructions.
const SIMD = [0, 97, 115, 109, 1, 0, 0, 0, 1, 5, 1, 96, 0, 1, 123, 3, 2, 1, 0, 10, 10, 1, 8, 0, 65, 0, 253, 15, 253, 98, 11];
const FILES = ['generator', 'editor', 'reader'];

export const hasSimd = () => typeof WebAssembly === 'object' && WebAssembly.validate(new Uint8Array(SIMD));

export async function loadNetworks(tell = () => {}) {
  const facts = await (await fetched('facts.json')).json();
  tell('The runtime is loading, once: 14 MB.');
  const ort = await import('./ort.wasm.min.mjs');
  ort.env.wasm.numThreads = 1; // more would ask for headers that GitHub Pages does not send
  ort.env.wasm.wasmPaths = new URL('./', import.meta.url).href;
  const sessions = {};
  for (const name of FILES) {
    tell(`The networks are loading: ${name}.`);
    sessions[name] = await ort.InferenceSession.create(await (await fetched(`${name}.onnx`)).arrayBuffer());
  }
  return new Networks(facts, ort, sessions);
}

async function fetched(name) {
  const answer = await fetch(new URL(name, import.meta.url));
  if (!answer.ok) throw new Error(`${name} did not arrive (${answer.status})`);
  return answer;
}

class Networks {
  constructor(facts, ort, sessions) {
    Object.assign(this, { facts, ort, sessions });
  }

  // A picture of strengths by name, from 0 to 1, and of latents.
  async draw(strengths, latents = normal(this.facts.latents, this.facts.truncation)) {
    const attributes = this.facts.drawn.map(name => strengths[name] ?? this.facts.plain[name] ?? 0);
    return toPicture(await this.run('generator', { latents: [latents.length], attributes: [attributes.length] }, { latents, attributes }));
  }

  // The picture with a change of each attribute, from -1 to 1.
  async change(picture, change) {
    const { side } = this.facts, pictures = Float32Array.from(picture, level => level / 127.5 - 1);
    return toPicture(await this.run('editor', { pictures: [side, side, 3], change: [change.length] }, { pictures, change }));
  }

  // What a picture shows of the editor's attributes: 0 or 1 by name.
  async read(picture) {
    const { side, attributes } = this.facts, pictures = Float32Array.from(picture, level => level / 255);
    const logits = await this.run('reader', { pictures: [side, side, 3] }, { pictures });
    return Object.fromEntries(attributes.map(({ name, read }) => [name, logits[read] > 0 ? 1 : 0]));
  }

  async run(name, shapes, values) {
    const feeds = {};
    for (const [input, shape] of Object.entries(shapes))
      feeds[input] = new this.ort.Tensor('float32', Float32Array.from(values[input]), [1, ...shape]);
    const [output] = Object.values(await this.sessions[name].run(feeds));
    return output.data;
  }
}

const toPicture = images => Uint8ClampedArray.from(images, value => (value + 1) * 127.5); // rounds, and clamps

// Normal random numbers of a standard deviation, by the method of Box and Muller.
const normal = (count, deviation) => Float32Array.from({ length: count }, () =>
  deviation * Math.sqrt(-2 * Math.log(1 - Math.random())) * Math.cos(2 * Math.PI * Math.random()));
