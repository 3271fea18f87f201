"""Writes a model of random weights that llama.cpp serves: two layers, bytes as vocabulary, half a megabyte.

usage: tiny_model.py OUT.gguf
"""

import sys

import gguf
import numpy

WIDTH, INNER, LAYERS, HEADS, CONTEXT = 64, 128, 2, 4, 512
random = numpy.random.default_rng(2611)

token = gguf.TokenType
vocabulary = [("<unk>", token.UNKNOWN), ("<s>", token.CONTROL), ("</s>", token.CONTROL)]
vocabulary += [(f"<0x{byte:02X}>", token.BYTE) for byte in range(256)]
vocabulary += [(chr(code), token.NORMAL) for code in range(33, 127)]
vocabulary += [("\u2581", token.NORMAL)]

writer = gguf.GGUFWriter(sys.argv[1], "llama")
writer.add_name("tiny-random")
writer.add_file_type(gguf.LlamaFileType.ALL_F32)
writer.add_context_length(CONTEXT)
writer.add_embedding_length(WIDTH)
writer.add_block_count(LAYERS)
writer.add_feed_forward_length(INNER)
writer.add_head_count(HEADS)
writer.add_head_count_kv(HEADS)
writer.add_layer_norm_rms_eps(1e-5)
writer.add_rope_dimension_count(WIDTH // HEADS)
writer.add_vocab_size(len(vocabulary))
writer.add_tokenizer_model("llama")
writer.add_tokenizer_pre("default")
writer.add_token_list([text.encode() for text, _ in vocabulary])
writer.add_token_scores([-float(index) for index in range(len(vocabulary))])
writer.add_token_types([kind for _, kind in vocabulary])
writer.add_bos_token_id(1)
writer.add_eos_token_id(2)
writer.add_unk_token_id(0)
writer.add_chat_template(
    "{% for message in messages %}{{ message.role }}: {{ message.content }}\n{% endfor %}"
    "{% if add_generation_prompt %}assistant: {% endif %}"
)


def weights(name, *shape):
    writer.add_tensor(f"{name}.weight", (random.standard_normal(shape) * 0.05).astype(numpy.float32))


def ones(name):
    writer.add_tensor(f"{name}.weight", numpy.ones(WIDTH, dtype=numpy.float32))


weights("token_embd", len(vocabulary), WIDTH)
weights("output", len(vocabulary), WIDTH)
ones("output_norm")
for layer in range(LAYERS):
    ones(f"blk.{layer}.attn_norm")
    ones(f"blk.{layer}.ffn_norm")
    for part in ("attn_q", "attn_k", "attn_v", "attn_output"):
        weights(f"blk.{layer}.{part}", WIDTH, WIDTH)
    weights(f"blk.{layer}.ffn_gate", INNER, WIDTH)
    weights(f"blk.{layer}.ffn_up", INNER, WIDTH)
    weights(f"blk.{layer}.ffn_down", WIDTH, INNER)

writer.write_header_to_file()
writer.write_kv_data_to_file()
writer.write_tensors_to_file()
writer.close()
