// The engine: byte-level BPE and the forward pass of an encoder, as in b2t.bpe and b2t.nn.
export * from "./split.js";
export * from "./bpe.js";
export * from "./train.js";
export * from "./tensor.js";
export * from "./encoder.js";
export * as positions from "./positions.js";
